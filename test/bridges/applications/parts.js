// What the applications share.

import { Readable } from "node:stream";

export const files = new URL("files/", import.meta.url);

/** Bytes that show when some are lost or change places. */
export function bytes(size) {
  const made = Buffer.alloc(size);
  for (let at = 0; at < size; at++) made[at] = (at * 31 + (at >> 8)) & 0xff;
  return made;
}

/** Session ids that are the same in every run. */
export function sessionIds() {
  let last = 0;
  return () => `${"s".repeat(31)}${++last}`;
}

export function failingStream() {
  return new Readable({
    read() {
      this.destroy(new Error("the source broke"));
    },
  });
}
