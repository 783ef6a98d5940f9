// Values a client keeps and cannot change. Loaded by the first request that signs or reads one.

import { createHmac, timingSafeEqual } from "node:crypto";

/** `value`, a dot, and an HMAC-SHA-256 over name and value in base64url. The name keeps values from being swapped. */
export function sign(name: string, value: string, secret: string): string {
  return `${value}.${digest(name, value, secret).toString("base64url")}`;
}

/** The value that was signed with one of the secrets, or `undefined`. */
export function unsign(name: string, signed: string, secrets: readonly string[]): string | undefined {
  const dot = signed.lastIndexOf(".");
  if (dot === -1) return undefined;
  const value = signed.slice(0, dot);
  const given = Buffer.from(signed.slice(dot + 1), "base64url");
  const valid = secrets.some((secret) => {
    const expected = digest(name, value, secret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return valid ? value : undefined;
}

// A cookie's name holds no "=", so name and value cannot be divided in another way.
function digest(name: string, value: string, secret: string): Buffer {
  return createHmac("sha256", secret).update(`${name}=${value}`).digest();
}
