// A FastCGI client for tests. Numbers and layouts are typed from the FastCGI 1.0 specification and not taken from
// lib, so that a mistake there cannot cancel out here.

import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";

// §8 of the specification.
export const BEGIN_REQUEST = 1;
export const ABORT_REQUEST = 2;
export const END_REQUEST = 3;
export const PARAMS = 4;
export const STDIN = 5;
export const STDOUT = 6;
export const STDERR = 7;
export const GET_VALUES = 9;
export const GET_VALUES_RESULT = 10;
export const UNKNOWN_TYPE = 11;

const RESPONDER = 1;
export const AUTHORIZER = 2;

export const KEEP_CONN = 1;

export const REQUEST_COMPLETE = 0;
export const CANT_MPX_CONN = 1;
export const OVERLOADED = 2;
export const UNKNOWN_ROLE = 3;

const VERSION = 1;
const HEADER_BYTES = 8;
const MAX_CONTENT_BYTES = 65_535;

export interface FastCgiRecord {
  readonly type: number;
  readonly id: number;
  readonly content: Buffer;
}

export type Pair = readonly [name: string, value: string];

/** One record (§3.3). */
export function record(
  type: number,
  id: number,
  content: Uint8Array = Buffer.alloc(0),
  paddingBytes = 0,
): Buffer {
  const header = [
    VERSION,
    type,
    id >> 8,
    id & 0xff,
    content.length >> 8,
    content.length & 0xff,
    paddingBytes,
    0,
  ];
  return Buffer.concat([Buffer.from(header), content, Buffer.alloc(paddingBytes, 0xaa)]);
}

/** A stream's bytes in as many records as they need, without the empty one that ends the stream. */
export function records(type: number, id: number, bytes: Uint8Array, size = MAX_CONTENT_BYTES): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) made.push(record(type, id, bytes.subarray(at, at + size)));
  return made;
}

/** §5.1. */
export function beginRequest(id: number, flags = 0, role = RESPONDER): Buffer {
  return record(BEGIN_REQUEST, id, Buffer.from([role >> 8, role & 0xff, flags, 0, 0, 0, 0, 0]));
}

/** §3.4: lengths up to 127 in one byte, else in four with the high bit set. One code point is one byte. */
export function encodePairs(pairs: Iterable<Pair>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of pairs)
    parts.push(
      pairLength(name),
      pairLength(value),
      Buffer.from(name, "latin1"),
      Buffer.from(value, "latin1"),
    );
  return Buffer.concat(parts);
}

function pairLength({ length }: string): Buffer {
  if (length < 128) return Buffer.from([length]);
  return Buffer.from([0x80 | (length >> 24), (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]);
}

export function decodePairs(bytes: Buffer): Pair[] {
  const pairs: Pair[] = [];
  let at = 0;
  const length = () => {
    const first = bytes.readUInt8(at);
    at += first < 128 ? 1 : 4;
    return first < 128 ? first : bytes.readUInt32BE(at - 4) - 0x80000000;
  };
  const text = (size: number) => {
    at += size;
    return bytes.toString("latin1", at - size, at);
  };
  while (at < bytes.length) {
    const [nameLength, valueLength] = [length(), length()];
    pairs.push([text(nameLength), text(valueLength)]);
  }
  return pairs;
}

/** A whole responder request: begin, params, stdin, each stream ended. */
export function responderRequest(
  id: number,
  pairs: Iterable<Pair>,
  { flags = 0, body = Buffer.alloc(0) }: { flags?: number; body?: Uint8Array } = {},
): Buffer[] {
  return [
    beginRequest(id, flags),
    ...records(PARAMS, id, encodePairs(pairs)),
    record(PARAMS, id),
    ...records(STDIN, id, body),
    record(STDIN, id),
  ];
}

/** What came for one request. */
export interface FastCgiReply {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Undefined when the connection ended without END_REQUEST. */
  readonly end: { readonly appStatus: number; readonly protocolStatus: number } | undefined;
}

export class FastCgiClient {
  /** All that came, in its order. */
  readonly received: FastCgiRecord[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  #rest = Buffer.alloc(0);
  #closed = false;

  /** Resolves once it is connected. */
  static async connect(address: NetConnectOpts): Promise<FastCgiClient> {
    const socket = connect({ allowHalfOpen: true, ...address });
    await once(socket, "connect");
    return new FastCgiClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    // A reset ends the connection as an end does; what has come so far counts.
    socket.on("error", () => {});
    socket.on("end", () => this.#close());
    socket.on("close", () => this.#close());
  }

  /** Sends bytes as they are. The promise settles when they are all on their way, or the peer has gone. */
  async send(...bytes: Uint8Array[]): Promise<void> {
    for (const piece of bytes) {
      if (this.#socket.destroyed) return;
      await new Promise<void>((resolve) => this.#socket.write(piece, () => resolve()));
    }
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Goes away at once, as a web server does whose client has gone. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Stops and starts reading, for a peer that does not take what it is sent. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The first record that fits, waiting for it where it has not come yet; undefined when the connection ends first. */
  async record(fits: (record: FastCgiRecord) => boolean): Promise<FastCgiRecord | undefined> {
    for (;;) {
      const found = this.received.find(fits);
      if (found !== undefined || this.#closed) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Settles when the server has ended the connection. */
  async closed(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Everything for one request, up to its END_REQUEST or the end of the connection. Takes it out of `received`. */
  async reply(id: number): Promise<FastCgiReply> {
    const last = await this.record((one) => one.id === id && one.type === END_REQUEST);
    const end = last === undefined ? this.received.length : this.received.indexOf(last) + 1;
    const own = this.received.slice(0, end).filter((one) => one.id === id);
    for (const one of own) this.received.splice(this.received.indexOf(one), 1);
    const stream = (type: number) =>
      Buffer.concat(own.filter((one) => one.type === type).map((one) => one.content));
    return {
      stdout: stream(STDOUT),
      stderr: stream(STDERR).toString(),
      end: last && { appStatus: last.content.readUInt32BE(0), protocolStatus: last.content.readUInt8(4) },
    };
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#rest.length < HEADER_BYTES) break;
      if (this.#rest[0] !== VERSION) throw new Error(`a record of version ${this.#rest[0]}`);
      const end = HEADER_BYTES + this.#rest.readUInt16BE(4);
      const next = end + this.#rest.readUInt8(6);
      if (this.#rest.length < next) break;
      const content = this.#rest.subarray(HEADER_BYTES, end);
      this.received.push({ type: this.#rest.readUInt8(1), id: this.#rest.readUInt16BE(2), content });
      this.#rest = this.#rest.subarray(next);
    }
    this.#wake();
  }

  #close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
