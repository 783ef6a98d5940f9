import { randomBytes } from "node:crypto";

/** 128 bits that nobody can guess, as 32 hexadecimal digits: one name on file systems that ignore case, too. */
export function newSessionId(): string {
  return randomBytes(16).toString("hex");
}

/** Whether a client's text has the form of an id. Nothing else reaches a store. */
export function isSessionId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{32}$/.test(text);
}
