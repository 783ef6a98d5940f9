// Bytes as they may arrive: cut anywhere.

import fc from "fast-check";

/** The places where a stream is cut, for `piecesOf`. */
export const cuts = fc.array(fc.nat(2_000), { maxLength: 6 });

/** The pieces between the places that lie inside. */
export function piecesOf(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte));
}
