// What stands where a request of node:http has its connection. Bytes of the response are written to it, and
// `resume()` is how an IncomingMessage asks for more of its body.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import type { Chunk, Environ } from "../../gateway/types.ts";

/** What `_writev` is given. */
export interface Piece {
  readonly chunk: Chunk;
  readonly encoding: BufferEncoding;
}

/** The exchange that a socket belongs to. */
export interface SocketOwner {
  readonly environ: Environ;
  /** More of the request's body is wanted. */
  wantInput(): void;
  /** Takes pieces of the response. `done` is called when more may come. */
  takeOutput(pieces: readonly Piece[], done: () => void): void;
  /** The socket can take more again after a write that returned false. */
  drained(): void;
  /** The application ended the socket, or destroyed it, or it is destroyed behind the response. */
  ended(error?: Error | null): void;
  /** No byte went either way for as long as `setTimeout` says. */
  timedOut(): void;
}

/** The socket of one request: nothing comes behind its response. */
export class GatewaySocket extends Duplex {
  readonly owner: SocketOwner;
  /** The server whose listeners get the request, if it is one. */
  readonly server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs = 0;
  #encrypted: boolean | undefined;
  #awaitsDrain = false;
  #isClosed = false;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(owner: SocketOwner, server: Server | undefined) {
    super(options);
    this.owner = owner;
    this.server = server;
  }

  get remoteAddress(): string | undefined {
    return this.owner.environ.REMOTE_ADDR;
  }

  get remotePort(): number | undefined {
    return portOf(this.owner.environ.REMOTE_PORT);
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress);
  }

  /** Where the web server says that it is. */
  get localAddress(): string | undefined {
    return this.owner.environ["SERVER_ADDR"] as string | undefined;
  }

  get localPort(): number | undefined {
    return portOf(this.owner.environ.SERVER_PORT);
  }

  get localFamily(): string | undefined {
    return familyOf(this.localAddress);
  }

  /** As in a `TLSSocket`: the client's connection is, whatever ours to the web server is. */
  get encrypted(): boolean | undefined {
    return this.#encrypted ?? (this.owner.environ["wsgi.url_scheme"] === "https" ? true : undefined);
  }

  /** Applications set it that know better than the web server. */
  set encrypted(encrypted: boolean | undefined) {
    this.#encrypted = encrypted;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#bytesWritten + this.writableLength;
  }

  get bufferSize(): number {
    return this.writableLength;
  }

  get connecting(): boolean {
    return false;
  }

  get pending(): boolean {
    return false;
  }

  get readyState(): string {
    if (this.destroyed) return "closed";
    return this.writable ? "open" : "readOnly";
  }

  get timeout(): number {
    return this.#timeoutMs;
  }

  address(): AddressInfo | Record<string, never> {
    const { localAddress: address, localFamily: family, localPort: port } = this;
    if (address === undefined || family === undefined || port === undefined) return {};
    return { address, family, port };
  }

  // The connection is the web server's; nothing of it can be set from here.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#timer?.ref();
    return this;
  }

  unref(): this {
    this.#timer?.unref();
    return this;
  }

  setTimeout(milliseconds: number, listener?: () => void): this {
    this.#timeoutMs = milliseconds;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (milliseconds > 0 && !this.destroyed) {
      this.#timer = setTimeout(() => this.owner.timedOut(), milliseconds).unref();
      if (listener !== undefined) this.once("timeout", listener);
    } else if (listener !== undefined) {
      this.removeListener("timeout", listener);
    }
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", this.destroy);
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  /** Some of the request's body has come. */
  addRead(bytes: number): void {
    this.#bytesRead += bytes;
    this.#timer?.refresh();
  }

  /** Emits `close`, once. A socket that is destroyed does so by itself, a moment later, as one of a network. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit("close", false);
  }

  override resume(): this {
    this.owner.wantInput();
    return this;
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    const more = (super.write as (...args: unknown[]) => boolean)(chunk, ...rest);
    if (!more && !this.#awaitsDrain && !this.destroyed) {
      this.#awaitsDrain = true;
      this.once("drain", () => {
        this.#awaitsDrain = false;
        this.owner.drained();
      });
    }
    return more;
  }

  override _read(): void {}

  override _write(chunk: Chunk, encoding: BufferEncoding, done: () => void): void {
    this.#take([{ chunk, encoding }], done);
  }

  override _writev(pieces: Piece[], done: () => void): void {
    this.#take(pieces, done);
  }

  override _final(done: () => void): void {
    done();
    this.owner.ended();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.owner.ended(error);
    setImmediate(emitClose, this);
    // As a server's own socket: an error that nobody listens for is no reason to end the process.
    done(this.listenerCount("error") > 0 ? error : null);
  }

  #take(pieces: Piece[], done: () => void): void {
    for (const { chunk } of pieces) this.#bytesWritten += chunk.length;
    this.#timer?.refresh();
    this.owner.takeOutput(pieces, done);
  }
}

const options = { decodeStrings: false, emitClose: false };

function emitClose(socket: GatewaySocket): void {
  socket.close();
}

function portOf(port: string | undefined): number | undefined {
  return port === undefined || port === "" ? undefined : Number(port);
}

function familyOf(address: string | undefined): "IPv4" | "IPv6" | undefined {
  if (address === undefined) return undefined;
  return address.includes(":") ? "IPv6" : "IPv4";
}
