// A block of bytes behind its own length, which is what a request begins with in SCGI and in uwsgi. Does no I/O.

import { GatheredBytes } from "./gathered-bytes.ts";

/** Finds the block in a byte stream that may be cut anywhere; what a protocol has of its own is left to subclasses. */
export abstract class CountedBlockDecoder {
  /** Undefined as long as the length has not come. */
  #length: number | undefined;
  /** What has come of a block in pieces. One that comes whole is not copied. */
  #parts: GatheredBytes | undefined;
  /** The block has come and was read. */
  complete = false;

  /**
   * Takes the next bytes of the stream, and gives the position behind what belongs to the block. Nothing more can be
   * decoded after an error.
   *
   * @throws {ProtocolError} as {@link announce} and {@link read} do
   */
  push(bytes: Buffer): number {
    let at = 0;
    while (this.#length === undefined) {
      if (at === bytes.length) return at;
      this.#length = this.announce(bytes[at++] as number);
    }
    return this.complete ? at : this.#pushBlock(bytes, at, this.#length);
  }

  /** Takes the next byte in front of the block, and gives the block's length behind the last of them. */
  protected abstract announce(byte: number): number | undefined;

  /** Reads the block, whose memory is on loan. */
  protected abstract read(block: Buffer): void;

  #pushBlock(bytes: Buffer, at: number, length: number): number {
    const missing = length - (this.#parts?.length ?? 0);
    const end = Math.min(bytes.length, at + missing);
    if (end - at < missing || this.#parts !== undefined) {
      this.#parts ??= new GatheredBytes();
      this.#parts.add(bytes, at, end);
    }
    if (end - at < missing) return end;
    const block = this.#parts?.bytes ?? bytes.subarray(at, end);
    this.#parts = undefined;
    this.complete = true;
    this.read(block);
    return end;
  }
}
