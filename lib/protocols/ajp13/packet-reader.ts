// The fields of an AJP 1.3 packet, one behind the other. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { CODED_NAME, NULL_STRING } from "./constants.ts";

/** Reads the fields of one payload. Every method throws a {@link ProtocolError} `AJP_PACKET` where the payload ends. */
export class PacketReader {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  /** All of the payload as Latin-1, one code point a byte; strings share its memory. */
  readonly #text: string;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#at = start;
    this.#text = bytes.toString("latin1", start, end);
  }

  byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  integer(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /**
   * A string; undefined when it is null.
   *
   * @throws {ProtocolError} `AJP_STRING` when there is no NUL behind it
   */
  string(): string | undefined {
    const length = this.integer();
    return length === NULL_STRING ? undefined : this.#characters(length);
  }

  /**
   * Headers behind how many they are. A name is a string or one of `names`, told by its number; a value that is null is
   * empty.
   *
   * @throws {ProtocolError} `AJP_HEADER` when the number is of none, or the name is null
   */
  headers(names: readonly string[]): [name: string, value: string][] {
    const headers: [string, string][] = [];
    for (let left = this.integer(); left > 0; left--) {
      headers.push([this.#headerName(names), this.string() ?? ""]);
    }
    return headers;
  }

  /** The next `length` bytes, in the memory of the packet. */
  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #headerName(names: readonly string[]): string {
    const length = this.integer();
    if (length >> 8 === CODED_NAME) {
      const name = names[(length & 0xff) - 1];
      if (name !== undefined) return name;
      throw new ProtocolError("AJP_HEADER", `no header has the number ${length.toString(16)}`);
    }
    if (length === NULL_STRING) throw new ProtocolError("AJP_HEADER", "the name of a header is null");
    return this.#characters(length);
  }

  #characters(length: number): string {
    const at = this.#advance(length + 1);
    if (this.#bytes[at + length] !== 0) {
      throw new ProtocolError("AJP_STRING", "a string does not end with a NUL where its length says");
    }
    return this.#text.slice(at - this.#start, at - this.#start + length);
  }

  /** The position of the next `length` bytes, which are passed. */
  #advance(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) {
      throw new ProtocolError("AJP_PACKET", "a packet ends before all that it announces");
    }
    this.#at = at + length;
    return at;
  }
}
