// Keys and values as a store keeps them.

import { ApplicationError } from "../../errors.ts";

/** Keys that begin so are the session's own: what it keeps besides the handlers' values. */
const OWN = "@";

export function isOwnKey(key: string): boolean {
  return key.startsWith(OWN);
}

/**
 * The JSON of a value, or `null` where there is nothing to store.
 *
 * @throws ApplicationError `SESSION_VALUE`: JSON cannot hold it
 */
export function textOf(key: string, value: unknown): string | null {
  if (value === undefined) return null;
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (text !== undefined) return text;
  throw new ApplicationError("SESSION_VALUE", `JSON cannot hold the value of ${JSON.stringify(key)}`, {
    cause,
  });
}

// What not every store can keep: NUL, and halves of a character. \p{Surrogate} would cost the start of a process 1.8 million
// instructions.
const UNFIT = /\0|[\ud800-\udfff]/u;

/** @throws ApplicationError `SESSION_KEY`: no name that a value of a session can have */
export function checkKey(key: string | symbol, controls: object): asserts key is string {
  if (typeof key === "string" && key !== "" && !isOwnKey(key) && !UNFIT.test(key)) {
    // A promise that resolves with the session would take a member `then` for another promise.
    if (!(key in controls) && key !== "then") return;
  }
  const shown = typeof key === "string" ? JSON.stringify(key) : String(key);
  throw new ApplicationError("SESSION_KEY", `${shown} can be no key of a session: use another name`);
}
