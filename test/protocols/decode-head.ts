// What the tests of the decoders of requests have in common.

import { KnownNames } from "../../lib/protocols/known-names.ts";

/** Names that mean nothing but themselves. */
export const names = new KnownNames((text) => text);

interface Decoder {
  readonly complete: boolean;
  push(bytes: Buffer): number;
}

export interface DecodedHead {
  readonly variables: [name: string, value: string][];
  /** What was left behind the head, one character a byte. */
  readonly rest: string;
  readonly complete: boolean;
}

/** Feeds pieces to a decoder. */
export function decodeHead(
  pieces: Iterable<Buffer>,
  make: (take: (name: string, value: string) => void) => Decoder,
): DecodedHead {
  const variables: [string, string][] = [];
  const decoder = make((name, value) => variables.push([name, value]));
  let rest = "";
  for (const piece of pieces) rest += piece.toString("latin1", decoder.push(piece));
  return { variables, rest, complete: decoder.complete };
}
