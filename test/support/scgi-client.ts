// Requests of SCGI for tests, typed from the specification (https://python.ca/scgi/protocol.txt) and not taken from lib, so
// that a mistake there cannot cancel out here.

import type { Variable } from "./cgi-variables.ts";

/** `[length]":"[string]","`, one code point a byte. */
export function netstring(text: string): Buffer {
  return Buffer.from(`${text.length}:${text},`, "latin1");
}

/** Each name and each value with a NUL behind it. */
export function headerBlock(variables: Iterable<Variable>): string {
  return [...variables].map(([name, value]) => `${name}\0${value}\0`).join("");
}

/** A whole request: CONTENT_LENGTH, that of the body unless `variables` have one, comes first, SCGI last, as of lighttpd. */
export function scgiRequest(variables: Iterable<Variable>, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const all = [...variables];
  const length = all.find(([name]) => name === "CONTENT_LENGTH")?.[1] ?? String(body.length);
  const others = all.filter(([name]) => name !== "CONTENT_LENGTH");
  const head = netstring(headerBlock([["CONTENT_LENGTH", length], ...others, ["SCGI", "1"]]));
  return Buffer.concat([head, body]);
}
