// FastCGI records out of a byte stream that may be cut anywhere (specification §3.3). Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { HEADER_BYTES, RecordType, VERSION } from "./constants.ts";

/**
 * Takes records as they arrive: `bytes` from `start` to `end`, valid during the call only.
 *
 * A record of a stream (PARAMS, STDIN, STDOUT, STDERR, DATA) comes in as many pieces as the bytes arrived in, so that none is held
 * back; an empty one, which ends the stream, is the only one that comes with no bytes. Any other record is whole.
 */
export type TakeRecord = (type: number, requestId: number, bytes: Buffer, start: number, end: number) => void;

/** Turns a byte stream into records. Holds a header and the content of one discrete record at the most. */
export class RecordDecoder {
  readonly #take: TakeRecord;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  #type = 0;
  #requestId = 0;
  /** Bytes of the current record's content and padding that have not arrived yet. */
  #content = 0;
  #padding = 0;
  /** What has arrived of a discrete record that came in pieces. */
  #whole: Buffer | undefined;
  #filled = 0;

  constructor(take: TakeRecord) {
    this.#take = take;
  }

  /** Whether the bytes so far end at the end of a record. */
  get atBoundary(): boolean {
    return this.#headerLength === 0 && this.#content === 0 && this.#padding === 0;
  }

  /** @throws {ProtocolError} `FCGI_VERSION`; nothing more can be decoded after that */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#content > 0) at = this.#pushContent(bytes, at);
      else if (this.#padding > 0) at = this.#skipPadding(bytes, at);
      else at = this.#pushHeader(bytes, at);
    }
  }

  #pushHeader(bytes: Buffer, at: number): number {
    if (this.#headerLength === 0 && bytes.length - at >= HEADER_BYTES) {
      this.#readHeader(bytes, at);
      return at + HEADER_BYTES;
    }
    const copied = bytes.copy(this.#header, this.#headerLength, at);
    this.#headerLength += copied;
    if (this.#headerLength === HEADER_BYTES) {
      this.#headerLength = 0;
      this.#readHeader(this.#header, 0);
    }
    return at + copied;
  }

  // version, type, requestId (2), contentLength (2), paddingLength, reserved
  #readHeader(bytes: Buffer, at: number): void {
    const version = bytes[at];
    if (version !== VERSION) {
      throw new ProtocolError("FCGI_VERSION", `FastCGI version ${version} instead of ${VERSION}`);
    }
    this.#type = bytes[at + 1] as number;
    this.#requestId = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    this.#content = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    this.#padding = bytes[at + 6] as number;
    if (this.#content === 0) this.#take(this.#type, this.#requestId, bytes, 0, 0);
  }

  #pushContent(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#content);
    const length = this.#content;
    this.#content -= end - at;
    if (isStream(this.#type) || (this.#whole === undefined && this.#content === 0)) {
      this.#take(this.#type, this.#requestId, bytes, at, end);
      return end;
    }
    this.#whole ??= Buffer.allocUnsafe(length);
    this.#filled += bytes.copy(this.#whole, this.#filled, at, end);
    if (this.#content === 0) {
      const whole = this.#whole;
      this.#whole = undefined;
      this.#filled = 0;
      this.#take(this.#type, this.#requestId, whole, 0, whole.length);
    }
    return end;
  }

  #skipPadding(bytes: Buffer, at: number): number {
    const skipped = Math.min(bytes.length - at, this.#padding);
    this.#padding -= skipped;
    return at + skipped;
  }
}

// §3.3: the types of streams are those in between.
function isStream(type: number): boolean {
  return type >= RecordType.Params && type <= RecordType.Data;
}
