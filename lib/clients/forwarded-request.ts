// One request on a connection to the server that it is forwarded to: its body goes out while its response comes in, and
// the gateway asks for the response chunk by chunk.

import { STATUS_CODES } from "node:http";
import { ProtocolError } from "../errors.ts";
import { HOP_BY_HOP, isBodyless } from "../gateway/head.ts";
import type { Header } from "../gateway/types.ts";
import { type DecodedResponseHead, ResponseHeadDecoder } from "../protocols/cgi/response-head-decoder.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { ErrorLines } from "./error-lines.ts";
import { BAD_GATEWAY, ForwardingError, TIMED_OUT } from "./forwarding-error.ts";
import type { ClientLimits } from "./options.ts";
import type { RequestInput } from "./request-input.ts";
import type { Variables, Wire, WireEvents, WireProtocol } from "./wire.ts";

/** Bytes of a response that may wait for the gateway; past it the server is not read any further. */
const FULL_BYTES = 131_072;
/** Bytes down to which they have to go until it is read again. */
const ROOM_BYTES = 32_768;
/** How long a server may take to end a request that was given up, in milliseconds; past it the connection is closed. */
const ABORT_MS = 1_000;

/** The head of a response, as `startResponse` takes it. */
export interface ForwardedHead {
  readonly status: string;
  readonly headers: readonly Header[];
}

/** What a request is made of, and what it may use. */
export interface RequestParts {
  readonly method: string;
  readonly variables: Variables;
  readonly input: RequestInput;
  readonly signal: AbortSignal;
  /** Takes text for `wsgi.errors`. */
  readonly log: (text: string) => void;
  readonly pool: ConnectionPool;
  readonly limits: ClientLimits;
}

export class ForwardedRequest implements ConnectionUser, WireEvents, AsyncIterator<Buffer> {
  /** Rejects when there is none to come. */
  readonly head: Promise<ForwardedHead>;
  readonly #parts: RequestParts;
  readonly #connection: Connection;
  readonly #wire: Wire;
  readonly #headDecoder: ResponseHeadDecoder;
  readonly #errorLines: ErrorLines;
  #resolveHead: (head: ForwardedHead) => void = () => {};
  #rejectHead: (reason: unknown) => void = () => {};
  /** All of the request is out. */
  #sent = false;
  /** A byte has come. */
  #answered = false;
  #bodyless: boolean;
  /** Bytes of the body that Content-Length says are still to come. */
  #missing: number | undefined;
  #chunks: Buffer[] = [];
  #queuedBytes = 0;
  /** The response has come to its end. */
  #complete = false;
  #failure: { readonly reason: unknown } | undefined;
  /** Nobody wants the response any more; the connection waits for its end. */
  #left = false;
  /** The connection is another's, or closed. */
  #released = false;
  /** Ends the waiting for the end of a response that was left. */
  #deadline: NodeJS.Timeout | undefined;
  #wake: () => void = () => {};

  /**
   * Sends the request.
   *
   * @throws {ApplicationError} `VARIABLE`, before anything was sent
   */
  constructor(protocol: WireProtocol, connection: Connection, parts: RequestParts) {
    this.#parts = parts;
    this.#connection = connection;
    this.#wire = protocol.begin(parts.variables, this);
    this.#headDecoder = new ResponseHeadDecoder(parts.limits.maxResponseHeadBytes);
    this.#errorLines = new ErrorLines(parts.log);
    this.#bodyless = parts.method === "HEAD";
    this.head = new Promise((resolve, reject) => {
      this.#resolveHead = resolve;
      this.#rejectHead = reject;
    });
    // It may fail before anybody waits for it.
    this.head.catch(() => {});
    parts.signal.addEventListener("abort", this.#onAbort);
    connection.use(this, parts.limits.responseTimeoutMs);
    connection.send([this.#wire.head]);
    void this.#sendBody();
  }

  /** The connection was lost without an answer, and the request can be sent anew: nothing is gone of its body. */
  get repeatable(): boolean {
    const reason = this.#failure?.reason;
    const lost = reason instanceof ForwardingError && reason.code === "CONNECTION_LOST";
    return lost && !this.#answered && this.#parts.input.empty;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) {
        this.#queuedBytes -= value.length;
        if (this.#queuedBytes <= ROOM_BYTES && !this.#released) this.#connection.resume();
        return { value, done: false };
      }
      if (this.#failure !== undefined) throw this.#failure.reason;
      if (this.#complete) return { value: undefined, done: true };
      // The server may go on for long with a body that nobody gets. But one that has answered early still reads the request.
      if (this.#sent && this.#hasWholeBody) return this.return();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The response is left early. */
  async return(): Promise<IteratorResult<Buffer>> {
    this.#leave();
    return { value: undefined, done: true };
  }

  onData(bytes: Buffer): void {
    this.#answered = true;
    this.#take(() => this.#wire.push(bytes));
    if (this.#queuedBytes >= FULL_BYTES && !this.#released) this.#connection.pause();
  }

  onHalfClose(): void {
    this.#take(() => this.#wire.finish());
    if (!this.#complete) this.#fail(this.#lost());
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    // A server that has not read all of the request may reset the connection behind a complete response.
    if (this.#missing === 0) this.#take(() => this.#wire.finish());
    this.#fail(this.#lost(error));
  }

  onTimeout(): void {
    const { where } = this.#parts.pool;
    const { responseTimeoutMs } = this.#parts.limits;
    // It is the gateway's turn to read, or the client's to send.
    if (this.#connection.paused || (!this.#sent && !this.#connection.full)) {
      this.#connection.watch(responseTimeoutMs);
      return;
    }
    const message = `${where} was silent for ${responseTimeoutMs} ms ("responseTimeoutMs")`;
    this.#fail(new ForwardingError(TIMED_OUT, "RESPONSE_TIMEOUT", message));
  }

  output(bytes: Buffer): void {
    if (this.#left) return;
    const at = this.#headDecoder.push(bytes);
    const { head } = this.#headDecoder;
    if (head === undefined) return;
    if (at > 0) this.#takeHead(head);
    if (this.#hasWholeBody) this.#wake();
    if (at === bytes.length || this.#bodyless) return;
    const chunk = at > 0 ? bytes.subarray(at) : bytes;
    if (this.#missing !== undefined) this.#missing -= chunk.length;
    this.#queuedBytes += chunk.length;
    this.#chunks.push(chunk);
    this.#wake();
  }

  errors(bytes: Buffer): void {
    this.#errorLines.push(bytes);
  }

  end(appStatus: number): void {
    this.#errorLines.end();
    if (appStatus !== 0) {
      this.#parts.log(`${this.#parts.pool.where} ended a request with status ${appStatus}\n`);
    }
    if (!this.#left) this.#checkEnd();
    this.#complete = true;
    this.#wake();
  }

  /** @throws {ProtocolError} when something of the response has not come */
  #checkEnd(): void {
    if (this.#headDecoder.head === undefined) {
      throw new ProtocolError("RESPONSE_HEAD", "the response ended before its head did");
    }
    if (this.#missing !== undefined && this.#missing > 0) {
      throw new ProtocolError(
        "SHORT_BODY",
        `the body ended ${this.#missing} bytes before its Content-Length`,
      );
    }
  }

  /** Lets the protocol take something, and sees what has come of it. */
  #take(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(this.#badResponse(error));
      return;
    }
    if (this.#complete) this.#release(this.#sent && this.#wire.reusable);
  }

  #takeHead({ status, headers }: DecodedResponseHead): void {
    const code = Number(status.slice(0, 3));
    this.#bodyless ||= isBodyless(code);
    const kept: Header[] = [];
    for (const header of headers) {
      const name = header[0].toLowerCase();
      // These are about the connection to here.
      if (HOP_BY_HOP.has(name)) continue;
      kept.push(header);
      if (name === "content-length" && !this.#bodyless && /^\d{1,15}$/.test(header[1])) {
        this.#missing = Number(header[1]);
      }
    }
    // RFC 3875 §6.3.3: the reason may be left out.
    const reason = status.slice(4) || (STATUS_CODES[code] ?? "");
    this.#resolveHead({ status: `${code} ${reason}`, headers: kept });
  }

  async #sendBody(): Promise<void> {
    try {
      for await (const chunk of this.#parts.input) {
        if (this.#released) return;
        this.#connection.send(this.#wire.frame(chunk));
        await this.#connection.drained();
        if (this.#released) return;
      }
      if (this.#released) return;
      if (this.#wire.bodyEnd !== undefined) this.#connection.send([this.#wire.bodyEnd]);
      this.#sent = true;
      this.#wake();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #onAbort = (): void => {
    if (this.#left || this.#released) return;
    const { reason } = this.#parts.signal;
    this.#failure = { reason };
    this.#rejectHead(reason);
    this.#leave();
    this.#wake();
  };

  /** The server is told, and may keep the connection if it ends the request soon. */
  #leave(): void {
    if (this.#left || this.#released) return;
    this.#left = true;
    this.#chunks = [];
    this.#queuedBytes = 0;
    this.#connection.resume();
    // Only the end is missing, which comes by itself once the server has done what it does behind its response.
    if (this.#sent && this.#hasWholeBody) {
      this.#awaitEnd(this.#parts.limits.responseTimeoutMs);
    } else if (this.#sent && this.#wire.abort !== undefined) {
      this.#connection.send([this.#wire.abort]);
      this.#awaitEnd(ABORT_MS);
    } else {
      this.#release(false);
    }
  }

  /** However much still comes: bytes that nobody wants prolong nothing. */
  #awaitEnd(ms: number): void {
    // Node's own timers end at 2^31 milliseconds.
    if (ms >= 0x7fffffff) return;
    this.#deadline = setTimeout(() => this.#release(false), ms);
    this.#deadline.unref();
  }

  get #hasWholeBody(): boolean {
    return this.#headDecoder.head !== undefined && (this.#bodyless || this.#missing === 0);
  }

  #fail(reason: unknown): void {
    if (this.#released) return;
    this.#failure ??= { reason };
    this.#rejectHead(reason);
    this.#release(false);
    this.#wake();
  }

  /** Done with the connection. */
  #release(reusable: boolean): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#deadline);
    this.#parts.signal.removeEventListener("abort", this.#onAbort);
    this.#errorLines.end();
    if (!this.#sent) this.#parts.input.drop();
    if (reusable) this.#parts.pool.give(this.#connection);
    else this.#connection.destroy();
  }

  #lost(error?: NodeJS.ErrnoException): ForwardingError {
    const when =
      this.#headDecoder.head === undefined ? "before its response began" : "in the middle of its response";
    const why = error?.code === undefined ? "" : ` (${error.code})`;
    return new ForwardingError(
      BAD_GATEWAY,
      "CONNECTION_LOST",
      `${this.#parts.pool.where} closed the connection ${when}${why}; its own log may say why`,
    );
  }

  #badResponse(error: unknown): ForwardingError {
    const { where } = this.#parts.pool;
    if (error instanceof ForwardingError) {
      return new ForwardingError(error.status, error.code, `${where} refused the request: ${error.message}`);
    }
    if (!(error instanceof ProtocolError)) throw error;
    return new ForwardingError(BAD_GATEWAY, error.code, `${where} sent a broken response: ${error.message}`);
  }
}
