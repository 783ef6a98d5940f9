// AJP 1.3 packets out of a byte stream that may be cut anywhere. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { HEADER_BYTES } from "./constants.ts";

/** Takes the payload of a packet: `bytes` from `start` to `end`, which may be none. */
export type TakePacket = (bytes: Buffer, start: number, end: number) => void;

/** Turns a byte stream into packets. Holds one packet at the most, and none that is longer than allowed. */
export class PacketDecoder {
  readonly #magic: number;
  readonly #maxPacketBytes: number;
  readonly #take: TakePacket;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  /** Bytes of the current payload that have not arrived yet. */
  #missing = 0;
  /** What has arrived of a payload that came in pieces. */
  #whole: Buffer | undefined;

  /**
   * @param magic what packets begin with: who sends them
   * @param maxPacketBytes the longest packet, with its header
   */
  constructor(magic: number, maxPacketBytes: number, take: TakePacket) {
    this.#magic = magic;
    this.#maxPacketBytes = maxPacketBytes;
    this.#take = take;
  }

  /** Whether the bytes so far end at the end of a packet. */
  get atBoundary(): boolean {
    return this.#headerLength === 0 && this.#missing === 0;
  }

  /** @throws {ProtocolError} `AJP_MAGIC` or `AJP_PACKET_BYTES`; nothing more can be decoded after that */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      at = this.#missing > 0 ? this.#pushPayload(bytes, at) : this.#pushHeader(bytes, at);
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

  // magic (2), length of the payload (2)
  #readHeader(bytes: Buffer, at: number): void {
    const magic = bytes.readUInt16BE(at);
    if (magic !== this.#magic) {
      throw new ProtocolError(
        "AJP_MAGIC",
        `a packet begins with ${hex(magic)} instead of ${hex(this.#magic)}`,
      );
    }
    this.#missing = bytes.readUInt16BE(at + 2);
    const size = HEADER_BYTES + this.#missing;
    if (size > this.#maxPacketBytes) {
      throw new ProtocolError(
        "AJP_PACKET_BYTES",
        `a packet of ${size} bytes, and ${this.#maxPacketBytes} are allowed ("maxPacketBytes")`,
      );
    }
    if (this.#missing === 0) this.#take(bytes, 0, 0);
  }

  #pushPayload(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    if (this.#whole === undefined && end - at === this.#missing) {
      this.#missing = 0;
      this.#take(bytes, at, end);
      return end;
    }
    this.#whole ??= Buffer.allocUnsafe(this.#missing);
    bytes.copy(this.#whole, this.#whole.length - this.#missing, at, end);
    this.#missing -= end - at;
    if (this.#missing === 0) {
      const whole = this.#whole;
      this.#whole = undefined;
      this.#take(whole, 0, whole.length);
    }
    return end;
  }
}

function hex(magic: number): string {
  return magic.toString(16).padStart(4, "0");
}
