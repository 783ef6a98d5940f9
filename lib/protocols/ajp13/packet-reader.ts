// The fields of an AJP 1.3 packet, one behind the other. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { type KnownName, type KnownNames, viewOf } from "../known-names.ts";
import { CODED_NAME, NULL_STRING } from "./constants.ts";

/** Reads the fields of one payload. Every method throws a {@link ProtocolError} `AJP_PACKET` where the payload ends. */
export class PacketReader {
  /** All of the payload as Latin-1, one code point a byte; strings share its memory. */
  readonly text: string;
  /** Where in `text` the string stands that was passed last. */
  stringStart = 0;
  stringEnd = 0;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #view: DataView | undefined;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#at = start;
    this.text = bytes.toString("latin1", start, end);
  }

  byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  integer(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /**
   * Passes a string, which is then between `stringStart` and `stringEnd`; false when it is null.
   *
   * @throws {ProtocolError} `AJP_STRING` when there is no NUL behind it
   */
  passString(): boolean {
    const length = this.integer();
    if (length === NULL_STRING) return false;
    this.#passCharacters(length);
    return true;
  }

  /** What the string that was passed last is among `names`, where `before` stood in front of it. */
  knownName<Meaning>(names: KnownNames<Meaning>, before: KnownName<Meaning>): KnownName<Meaning> {
    this.#view ??= viewOf(this.#bytes);
    const start = this.#start;
    return names.behind(before, this.#bytes, this.#view, start + this.stringStart, start + this.stringEnd);
  }

  /** A string; undefined when it is null. Throws as {@link passString} does. */
  string(): string | undefined {
    return this.passString() ? this.#passed() : undefined;
  }

  /**
   * The name of a header: passes it as {@link passString} does a string, and gives 0; or gives the number that stands for it,
   * of which the first is 1.
   *
   * @param numbers how many there are
   * @throws {ProtocolError} `AJP_HEADER` when the number is of none, or the name is null
   */
  headerName(numbers: number): number {
    const length = this.integer();
    if (length >> 8 === CODED_NAME) {
      const number = length & 0xff;
      if (number >= 1 && number <= numbers) return number;
      throw new ProtocolError("AJP_HEADER", `no header has the number ${length.toString(16)}`);
    }
    if (length === NULL_STRING) throw new ProtocolError("AJP_HEADER", "the name of a header is null");
    this.#passCharacters(length);
    return 0;
  }

  /**
   * Headers behind how many they are. A name is a string or one of `names`, told by its number; a value that is null is
   * empty. Throws as {@link headerName} does.
   */
  headers(names: readonly string[]): [name: string, value: string][] {
    const headers: [string, string][] = [];
    for (let left = this.integer(); left > 0; left--) {
      const number = this.headerName(names.length);
      const name = number === 0 ? this.#passed() : (names[number - 1] as string);
      headers.push([name, this.string() ?? ""]);
    }
    return headers;
  }

  /** The next `length` bytes, in the memory of the packet. */
  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #passed(): string {
    return this.text.slice(this.stringStart, this.stringEnd);
  }

  #passCharacters(length: number): void {
    const at = this.#advance(length + 1);
    if (this.#bytes[at + length] !== 0) {
      throw new ProtocolError("AJP_STRING", "a string does not end with a NUL where its length says");
    }
    this.stringStart = at - this.#start;
    this.stringEnd = this.stringStart + length;
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
