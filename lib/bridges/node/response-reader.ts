// Reads what a ServerResponse writes to its socket: a head, and a body with the framing of HTTP/1.1 around it.

import { ApplicationError } from "../../errors.ts";
import { HOP_BY_HOP, isBodyless } from "../../gateway/head.ts";
import type { Chunk, Environ, Header } from "../../gateway/types.ts";
import type { NodeListener } from "./node-listener.ts";

/** Where in the response the next byte is. */
const HEAD = 0;
/** A body that is as long as Content-Length says, or ends with the response. */
const PLAIN = 1;
const CHUNK_SIZE = 2;
const CHUNK = 3;
const CHUNK_END = 4;
const TRAILERS = 5;
const OVER = 6;

/** Far above the heads that applications make; what has none until then is no HTTP. */
const MAX_HEAD_BYTES = 1_048_576;
/** A chunk's size and its extensions, of which Node writes none. */
const MAX_LINE_BYTES = 256;

/** What a header of a response is to the bridge. */
const KEPT = 0;
const FRAMING = 1;
const DROPPED = 2;
const LENGTH = 3;
const CODING = 4;

const known = new Map<string, number>();
const MAX_KNOWN = 512;

export class ResponseReader {
  /** Code and reason, such as `200 OK`; `""` until the head has come. */
  status = "";
  headers: Header[] = [];
  /** Pieces of the body that have come and were not taken. */
  chunks: Chunk[] = [];

  readonly #environ: Environ;
  readonly #listener: NodeListener;
  #state = HEAD;
  /** The part of a head or of a chunk's first line that has come. */
  #line = "";
  #hasLength = false;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #missing = Number.POSITIVE_INFINITY;

  /** @param listener which is told of what is dropped */
  constructor(environ: Environ, listener: NodeListener) {
    this.#environ = environ;
    this.#listener = listener;
  }

  /** The framing says that the response is complete. */
  get complete(): boolean {
    return this.#state === OVER || (this.#state === PLAIN && this.#missing === 0);
  }

  /** Gives away the pieces that have come. */
  takeChunks(): Chunk[] {
    const { chunks } = this;
    this.chunks = [];
    return chunks;
  }

  /**
   * The pieces of a body that is complete. Where its head says no length, as node:http's does that was written before the
   * body, this is no array: the gateway would add the length.
   */
  takeBody(): Iterable<Chunk> {
    const chunks = this.takeChunks();
    return this.#hasLength ? chunks : chunks.values();
  }

  /** @throws {ApplicationError} `RAW_WRITE` when it is no HTTP */
  take(piece: Chunk, encoding: BufferEncoding): void {
    switch (this.#state) {
      case HEAD:
        this.#takeHead(piece, encoding);
        break;
      case PLAIN:
        this.#takeBody(piece, encoding);
        break;
      case OVER:
        break;
      default:
        this.#takeChunked(piece, encoding);
    }
  }

  #takeHead(piece: Chunk, encoding: BufferEncoding): void {
    let text = typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1");
    const wasText = typeof piece === "string" && !isLatin1(encoding);
    if (this.#line !== "") text = this.#line + text;
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (text.length > MAX_HEAD_BYTES || !"HTTP/1.".startsWith(text.slice(0, 7))) throw rawWrite();
      this.#line = text;
      return;
    }
    this.#line = "";
    let head = text.slice(0, end + 2);
    // What node:http writes together with text it writes as UTF-8, the head too.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is ASCII
    if (wasText && /[^\x00-\x7f]/.test(head)) head = Buffer.from(head).toString("latin1");
    const rest = text.slice(end + 4);
    const isFinal = this.#readHead(head);
    if (rest === "") return;
    const body = typeof piece === "string" ? rest : Buffer.from(rest, "latin1");
    if (isFinal || this.#state === HEAD) this.take(body, encoding);
  }

  /** False for an interim response (RFC 9110 §15.2), which is the web server's business. */
  #readHead(head: string): boolean {
    let at = head.indexOf("\r\n");
    if (!head.startsWith("HTTP/1.")) throw rawWrite();
    const status = head.slice(9, at);
    const code = Number(status.slice(0, 3));
    if (code < 200 && code !== 101) return false;
    this.status = status;
    let isChunked = false;
    let length = Number.POSITIVE_INFINITY;
    for (at += 2; at < head.length; ) {
      const colon = head.indexOf(":", at);
      const end = head.indexOf("\r\n", at);
      if (colon < 0 || colon > end) throw rawWrite();
      const name = head.slice(at, colon);
      const value = head.slice(head.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1, end);
      at = end + 2;
      switch (known.get(name) ?? kindOf(name)) {
        case KEPT:
          this.headers.push([name, value]);
          break;
        case LENGTH:
          this.headers.push([name, value]);
          length = Number(value);
          this.#hasLength = true;
          break;
        case CODING:
          isChunked ||= /(?:^|\W)chunked(?:$|\W)/i.test(value);
          break;
        case DROPPED:
          this.#warn(`header ${name} belongs to the web server and was dropped`);
          break;
      }
    }
    if (this.#environ.REQUEST_METHOD === "HEAD" || isBodyless(code)) this.#state = OVER;
    else if (isChunked) this.#state = CHUNK_SIZE;
    else {
      this.#state = PLAIN;
      this.#missing = length;
    }
    return true;
  }

  #warn(warning: string): void {
    this.#listener.warn(warning, this.#environ["wsgi.errors"]);
  }

  #takeBody(piece: Chunk, encoding: BufferEncoding): void {
    if (piece.length === 0) return;
    const chunk = chunkOf(piece, encoding);
    if (this.#missing !== Number.POSITIVE_INFINITY) {
      const size = typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.length;
      // What is too much the gateway drops, with a warning.
      this.#missing = Math.max(0, this.#missing - size);
    }
    this.chunks.push(chunk);
  }

  #takeChunked(piece: Chunk, encoding: BufferEncoding): void {
    if (piece.length === 0) return;
    if (this.#state === CHUNK) {
      const chunk = chunkOf(piece, encoding);
      const size = typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.length;
      // Node writes a chunk in a piece of its own.
      if (size <= this.#missing) {
        this.#missing -= size;
        this.chunks.push(chunk);
        if (this.#missing === 0) this.#state = CHUNK_END;
        return;
      }
    }
    this.#takeBytes(typeof piece === "string" ? Buffer.from(piece, encoding) : piece);
  }

  #takeBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      switch (this.#state) {
        case CHUNK: {
          const end = Math.min(bytes.length, at + this.#missing);
          this.chunks.push(bytes.subarray(at, end));
          this.#missing -= end - at;
          at = end;
          if (this.#missing === 0) this.#state = CHUNK_END;
          break;
        }
        case OVER:
          return;
        default: {
          const byte = bytes[at++] as number;
          if (byte === 0x0a) this.#readLine();
          else if (this.#line.length >= MAX_LINE_BYTES && this.#state !== TRAILERS) throw rawWrite();
          else if (byte !== 0x0d) this.#line += String.fromCharCode(byte);
        }
      }
    }
  }

  /** RFC 9112 §7.1. */
  #readLine(): void {
    const line = this.#line;
    this.#line = "";
    if (this.#state === CHUNK_END) {
      if (line !== "") throw rawWrite();
      this.#state = CHUNK_SIZE;
    } else if (this.#state === CHUNK_SIZE) {
      const size = Number.parseInt(line, 16);
      if (!/^[0-9a-f]+$/i.test(line)) throw rawWrite();
      this.#missing = size;
      this.#state = size === 0 ? TRAILERS : CHUNK;
    } else if (line === "") {
      this.#state = OVER;
    } else {
      this.#warn("trailers were dropped: no gateway protocol can carry them");
    }
  }
}

function chunkOf(piece: Chunk, encoding: BufferEncoding): Chunk {
  return typeof piece !== "string" || isText(encoding) ? piece : Buffer.from(piece, encoding);
}

/** A string of the gateway is sent as UTF-8. */
function isText(encoding: BufferEncoding | undefined): boolean {
  return encoding === "utf8" || encoding === "utf-8" || encoding === undefined || encoding === null;
}

function isLatin1(encoding: BufferEncoding): boolean {
  return encoding === "latin1" || encoding === "binary" || encoding === "ascii";
}

function kindOf(name: string): number {
  const lower = name.toLowerCase();
  const kind =
    lower === "content-length"
      ? LENGTH
      : lower === "transfer-encoding"
        ? CODING
        : // Node adds the first two; the third announces trailers, which are warned about when they come.
          lower === "connection" || lower === "keep-alive" || lower === "trailer"
          ? FRAMING
          : HOP_BY_HOP.has(lower) || lower === "status"
            ? DROPPED
            : KEPT;
  if (known.size < MAX_KNOWN) known.set(name, kind);
  return kind;
}

function rawWrite(): ApplicationError {
  return new ApplicationError(
    "RAW_WRITE",
    "the application wrote to the socket of its response what is no part of it; write to the response",
  );
}
