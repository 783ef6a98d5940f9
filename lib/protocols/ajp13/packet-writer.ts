// AJP 1.3 packets and their fields into bytes. A packet is measured first and then written, so that no memory is taken
// for more than it is. Does no I/O.

import { CODED_NAME, HEADER_BYTES, NULL_STRING } from "./constants.ts";

/** Names of headers and the numbers that stand for them, in small letters. */
export function numbersOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name.toLowerCase(), (CODED_NAME << 8) | (index + 1)]));
}

/** Writes a packet's header at `at`; gives the position behind it, where the payload belongs. */
export function writeHeader(bytes: Buffer, at: number, magic: number, payloadLength: number): number {
  return writeInteger(bytes, writeInteger(bytes, at, magic), payloadLength);
}

/** A packet of its own, of a payload that is known. */
export function encodePacket(magic: number, ...payload: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.set(payload, writeHeader(bytes, 0, magic, payload.length));
  return bytes;
}

export function writeInteger(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}

/** Bytes that a string takes: its length, itself and a NUL. A null one is only a length. */
export function stringSize(text: string | undefined): number {
  return text === undefined ? 2 : 2 + text.length + 1;
}

/** Writes a string of code points up to 255. */
export function writeString(bytes: Buffer, at: number, text: string | undefined): number {
  if (text === undefined) return writeInteger(bytes, at, NULL_STRING);
  const start = writeInteger(bytes, at, text.length);
  const end = start + bytes.write(text, start, "latin1");
  bytes[end] = 0;
  return end + 1;
}
