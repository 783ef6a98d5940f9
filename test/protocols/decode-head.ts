// What the tests of the decoders of requests have in common.

import { KnownNames, type Pairs } from "../../lib/protocols/known-names.ts";

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

/** Names and values in the order in which they came. */
export class CollectedPairs implements Pairs<string> {
  readonly list: [name: string, value: string][] = [];

  add(name: string, text: string, start: number, end: number): void {
    this.list.push([name, text.slice(start, end)]);
  }
}

/** Feeds pieces to a decoder. */
export function decodeHead(pieces: Iterable<Buffer>, make: (pairs: Pairs<string>) => Decoder): DecodedHead {
  const pairs = new CollectedPairs();
  const decoder = make(pairs);
  let rest = "";
  for (const piece of pieces) rest += piece.toString("latin1", decoder.push(piece));
  return { variables: pairs.list, rest, complete: decoder.complete };
}
