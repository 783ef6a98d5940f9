// FastCGI name-value pairs (specification §3.4). Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { type KnownNames, type Pairs, viewOf } from "../known-names.ts";

/**
 * Adds each pair of a whole stream to `pairs`: what its name means, and where its value stands in the text of the block. The
 * bytes from `start` to `end` must be all of the stream, since a pair may straddle records.
 *
 * @throws {ProtocolError} `FCGI_PAIRS` when a pair runs past the end
 */
export function decodePairs<Meaning>(
  bytes: Buffer,
  names: KnownNames<Meaning>,
  pairs: Pairs<Meaning>,
  start = 0,
  end = bytes.length,
): void {
  const text = bytes.toString("latin1", start, end);
  const view = viewOf(bytes);
  let at = start;
  let name = names.first;
  while (at < end) {
    let nameLength = bytes[at++] as number;
    if (nameLength > 0x7f) {
      nameLength = longLength(bytes, at - 1, end);
      at += 3;
    }
    let valueLength = at < end ? (bytes[at++] as number) : truncated();
    if (valueLength > 0x7f) {
      valueLength = longLength(bytes, at - 1, end);
      at += 3;
    }
    const valueStart = at + nameLength;
    const next = valueStart + valueLength;
    if (next > end) truncated();
    name = names.behind(name, bytes, view, at, valueStart);
    pairs.add(name.meaning, text, valueStart - start, next - start);
    at = next;
  }
}

/** The pairs of a short block, such as that of GET_VALUES. */
export function encodePairs(pairs: Iterable<readonly [name: string, value: string]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of pairs) {
    const nameBytes = Buffer.from(name, "latin1");
    const valueBytes = Buffer.from(value, "latin1");
    parts.push(encodeLength(nameBytes.length), encodeLength(valueBytes.length), nameBytes, valueBytes);
  }
  return Buffer.concat(parts);
}

/** Four bytes, of which the highest bit says that they are four. */
function longLength(bytes: Buffer, at: number, end: number): number {
  if (at + 4 > end) truncated();
  return bytes.readUInt32BE(at) & 0x7fffffff;
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE((length | 0x80000000) >>> 0);
  return bytes;
}

function truncated(): never {
  throw new ProtocolError("FCGI_PAIRS", "a name-value pair runs past the end of its stream");
}
