// One AJP request: its body as it is asked for, its response as it goes out.

import type { Readable } from "node:stream";
import { ApplicationError, ProtocolError } from "../errors.ts";
import type { GatewayValues } from "../gateway/environ.ts";
import type { ErrorStream } from "../gateway/error-stream.ts";
import type { ResponseHead } from "../gateway/head.ts";
import { printable } from "../gateway/log.ts";
import { refuse } from "../gateway/respond.ts";
import type { Chunk } from "../gateway/types.ts";
import { BODY_CHUNK_OVERHEAD, DATA_PACKET_OVERHEAD } from "../protocols/ajp13/constants.ts";
import {
  BODY_CHUNK_START_BYTES,
  bodyChunkText,
  encodeBodyChunk,
  endResponseText,
  sendHeadersText,
  writeBodyChunkStart,
} from "../protocols/ajp13/response-packets.ts";
import type { AjpConnection } from "./ajp-connection.ts";
import type { AjpContext } from "./ajp-context.ts";
import { RequestBody } from "./request-body.ts";
import type { ServedRequest } from "./run-request.ts";

const NUL = Buffer.alloc(1);
/** A body chunk without data: the web server is to send on what it has, however little that is. */
const FLUSH = encodeBodyChunk(Buffer.alloc(0));

export class AjpRequest implements ServedRequest, GatewayValues {
  readonly body: RequestBody;
  readonly cancellation = new AbortController();
  readonly multithread = true;
  readonly runOnce = false;
  method = "GET";
  /** For the log. */
  path = "";
  /** All of the body has come. */
  inputEnded = true;
  /** END_RESPONSE was sent, or nothing can be sent any more. */
  over = false;

  readonly #connection: AjpConnection;
  readonly #context: AjpContext;
  /** Bytes of the body that have not come. */
  #missing = 0;
  /** The data that came unasked, until the application asks for it. */
  #first: Buffer | undefined;
  /** What waits to be sent: the packet of the head, text of one byte a letter, chunks behind it, and how many bytes are body. */
  #head = "";
  #text = "";
  #chunks: Chunk[] = [];
  #pending = 0;
  #flushing: NodeJS.Immediate | undefined;

  constructor(connection: AjpConnection, context: AjpContext) {
    this.#connection = connection;
    this.#context = context;
    // What one packet carries: the next one is asked for when an application takes the last one.
    const readAheadBytes = context.maxPacketBytes - DATA_PACKET_OVERHEAD;
    this.body = new RequestBody(context.maxBodyBytes, this.#onRoom, readAheadBytes);
  }

  get input(): Readable {
    return this.body.stream;
  }

  get errors(): ErrorStream {
    return this.#context.errors;
  }

  get multiprocess(): boolean {
    return this.#context.multiprocess;
  }

  /** Before the first data; undefined when only the end of the body will tell its length. */
  startBody(length: number | undefined): void {
    if (length !== undefined) this.body.expect(length);
    this.inputEnded = length === 0;
    this.#missing = length ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Takes the data of one packet, which may be none: the end of the body.
   *
   * @throws {ProtocolError} `AJP_DATA` when it is more than CONTENT_LENGTH says
   */
  giveInput(data: Buffer): void {
    if (data.length > this.#missing) {
      throw new ProtocolError("AJP_DATA", "a request has more data than its Content-Length");
    }
    this.#missing -= data.length;
    this.inputEnded = data.length === 0 || this.#missing === 0;
    if (!this.body.wanted) this.#first = data;
    else this.#give(data);
  }

  get closed(): boolean {
    return this.over || this.#connection.closed;
  }

  head({ status, code, headers }: ResponseHead): void {
    const packet = sendHeadersText({ status: code, message: status.slice(4), headers });
    if (packet === undefined || packet.length > this.#context.maxPacketBytes) this.#replaceHead();
    else this.#head = packet;
  }

  write(chunk: Chunk, size: number): void {
    if (this.over) return;
    // One string more costs less than one more piece to encode.
    if (typeof chunk === "string" && chunk.length === size && this.#chunks.length === 0) this.#text += chunk;
    else this.#chunks.push(chunk);
    this.#pending += size;
  }

  flush(): boolean {
    if (this.over) return true;
    // Web servers hold small pieces back until there are more, unless they are told that there may be none for a while.
    if (this.#pending > 0 || this.#head !== "") this.#flushing ??= setImmediate(this.#sendFlush);
    this.#sendPending();
    return this.#connection.writer.hasRoom;
  }

  drained(): Promise<void> {
    return this.#connection.writer.drained();
  }

  end(failed: boolean): void {
    if (this.closed) return;
    const reuse = !failed && this.#connection.reusable;
    this.#sendPending(reuse);
    this.#leave();
    this.#connection.finish(reuse);
  }

  /** Web servers notice a response that has no END_RESPONSE. */
  cut(): void {
    if (this.closed) return;
    this.#sendPending();
    this.#leave();
    this.#connection.finish(false);
  }

  /** Nothing can be delivered any more; wakes an application that waits for its input or for `postern.signal`. */
  abandon(reason: Error): void {
    this.body.fail(reason);
    this.#leave();
    this.cancellation.abort(reason);
  }

  #leave(): void {
    this.over = true;
    clearImmediate(this.#flushing);
    this.#first = undefined;
    this.body.leave();
  }

  /** The application reads, and there is nothing for it; or it has stopped reading. */
  readonly #onRoom = (): void => {
    if (!this.body.wanted) return;
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) this.#give(first);
    else if (!this.inputEnded) this.#connection.askForBody(this.#missing);
  };

  #give(data: Buffer): void {
    if (data.length > 0) this.body.give(data);
    else this.body.finish();
  }

  /** A head is one packet. What was to follow it would be of a response that nobody knows. */
  #replaceHead(): void {
    const { log, maxPacketBytes, counters } = this.#context;
    const message =
      `the head of a response to ${printable(this.path)} is longer than a packet of ${maxPacketBytes} bytes; send less, or ` +
      'raise "maxPacketBytes" here and ProxyIOBufferSize in Apache';
    log("error", message);
    counters.errors++;
    refuse(this, this.method, "500 Internal Server Error");
    this.cancellation.abort(new ApplicationError("HEAD_TOO_LARGE", message));
  }

  readonly #sendFlush = (): void => {
    this.#flushing = undefined;
    if (!this.closed && this.#pending === 0) this.#connection.writer.send(FLUSH);
  };

  /** What is pending, and with `reuse` END_RESPONSE behind it; in one piece where the body is one packet. */
  #sendPending(reuse?: boolean): void {
    const maxBytes = this.#context.maxPacketBytes - BODY_CHUNK_OVERHEAD;
    if (this.#pending > maxBytes) this.#sendPieces(maxBytes);
    const end = reuse === undefined ? "" : endResponseText(reuse);
    const { writer } = this.#connection;
    if (this.#chunks.length > 0) {
      writer.send(this.#copyPending(end));
      return;
    }
    const text = this.#head + (this.#pending === 0 ? "" : bodyChunkText(this.#text)) + end;
    this.#forgetPending();
    if (text !== "") writer.sendText(text);
  }

  #copyPending(end: string): Buffer {
    const bytes = Buffer.allocUnsafe(this.#head.length + BODY_CHUNK_OVERHEAD + this.#pending + end.length);
    let at = writeBodyChunkStart(bytes, bytes.write(this.#head, "latin1"), this.#pending);
    at += bytes.write(this.#text, at, "latin1");
    for (const chunk of this.#chunks) {
      if (typeof chunk === "string") {
        at += bytes.write(chunk, at);
      } else {
        bytes.set(chunk, at);
        at += chunk.length;
      }
    }
    bytes[at] = 0;
    bytes.write(end, at + 1, "latin1");
    this.#forgetPending();
    return bytes;
  }

  /** Packets of what is pending, whose large chunks are not copied. */
  #sendPieces(maxBytes: number): void {
    const pieces: Uint8Array[] = this.#head === "" ? [] : [Buffer.from(this.#head, "latin1")];
    const parts: Uint8Array[] = this.#text === "" ? [] : [Buffer.from(this.#text, "latin1")];
    for (const chunk of this.#chunks) parts.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    this.#forgetPending();
    for (const part of parts) {
      for (let at = 0; at < part.length; at += maxBytes) {
        const piece = part.subarray(at, at + maxBytes);
        const start = Buffer.allocUnsafe(BODY_CHUNK_START_BYTES);
        writeBodyChunkStart(start, 0, piece.length);
        pieces.push(start, piece, NUL);
      }
    }
    this.#connection.writer.sendAll(pieces);
  }

  #forgetPending(): void {
    this.#head = "";
    this.#text = "";
    this.#chunks = [];
    this.#pending = 0;
  }
}
