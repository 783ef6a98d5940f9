// One request, from the application's call to the end of its body. Every server and every test goes through here,
// so the rules of the interface are kept in one place: the head waits for the first non-empty chunk, a body that
// is left early is told so, an error shows as a 500 or as a response that is visibly cut.

import { inspect } from "node:util";
import { ApplicationError, ProtocolError } from "../errors.ts";
import { EARLY_HEAD } from "./early-head.ts";
import { checkHead, isBodyless, type ResponseHead, removeContentLength, setContentLength } from "./head.ts";
import type { ResponseSink } from "./sink.ts";
import type { Application, Body, Chunk, Environ, Headers, Write } from "./types.ts";

export interface RespondOptions {
  /** Shows an error's trace to the client. @defaultValue `false` */
  debug?: boolean | undefined;
  /** Milliseconds the application may take; 0 is no limit. @defaultValue `0` */
  timeoutMs?: number | undefined;
  /** Told when the time is over, so that the server can abort `postern.signal`. */
  onTimeout?: (() => void) | undefined;
  /** Told once when the application failed or took too long while the peer waited, so that the server can count it. */
  onFailure?: (() => void) | undefined;
  /** Takes the application's failure in the place of log and answer, where somebody else completes the response. */
  onError?: ((error: unknown) => void) | undefined;
}

/** A body of arrays is sent in pieces of at least this size, so that a large one is not held twice. */
const FLUSH_BYTES = 65_536;

/** What the peer's faults are answered with, where the application lets their errors pass. */
const PEER_FAULTS: Readonly<Record<string, string>> = {
  BODY_TOO_LARGE: "413 Content Too Large",
  BODY_TIMEOUT: "408 Request Timeout",
};

/** What the server answers when an application fails with this error before the head was sent. */
export function failureStatus(error: unknown): string {
  if (!(error instanceof ProtocolError)) return "500 Internal Server Error";
  return PEER_FAULTS[error.code] ?? "400 Bad Request";
}

/**
 * Runs one request through an application.
 *
 * Returns undefined when the response was complete at once, which it is when the application is synchronous and
 * its body is an array; otherwise a promise that never rejects.
 */
export function respond(
  application: Application,
  environ: Environ,
  sink: ResponseSink,
  options: RespondOptions = {},
): Promise<void> | undefined {
  const exchange = new Exchange(environ, sink, options);
  const running = exchange.run(application);
  if (running === undefined || !options.timeoutMs) return running;
  const timer = setTimeout(() => {
    options.onTimeout?.();
    exchange.giveUp("504 Gateway Timeout");
  }, options.timeoutMs);
  return running.finally(() => clearTimeout(timer));
}

/** Answers in the server's own name: for requests that no application gets to see, or that one failed. */
export function refuse(
  sink: ResponseSink,
  method: string | undefined,
  status: string,
  explanation = status.slice(4),
): void {
  if (sink.closed) return;
  const text = Buffer.from(`${explanation}\n`);
  sink.head(
    checkHead(status, [
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Length", String(text.length)],
    ]),
  );
  if (method !== "HEAD") sink.write(text, text.length);
  sink.end(true);
}

class Exchange {
  readonly #environ: Environ;
  readonly #sink: ResponseSink;
  readonly #options: RespondOptions;
  readonly #environsErrors: Environ["wsgi.errors"] | undefined;
  #head: ResponseHead | undefined;
  #headSent = false;
  /** Ended, cut or given up: nothing of the application goes out any more. */
  #over = false;
  /** Bytes of the body that may still be sent; the rest of Content-Length. */
  #remaining = Number.POSITIVE_INFINITY;
  #bodyless = false;

  constructor(environ: Environ, sink: ResponseSink, options: RespondOptions) {
    this.#environ = environ;
    this.#sink = sink;
    this.#options = options;
    this.#bodyless = environ.REQUEST_METHOD === "HEAD";
    // As it was before the application got it.
    if (!("errors" in sink)) this.#environsErrors = environ["wsgi.errors"];
  }

  run(application: Application): Promise<void> | undefined {
    let body: Body | Promise<Body>;
    try {
      body = application(this.#environ, this.#startResponse);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    if (isPromise(body)) {
      return body.then(
        (settled) => this.#deliver(settled),
        (error: unknown) => this.#fail(error),
      );
    }
    return this.#deliver(body);
  }

  /** The application may go on, but the client gets `status` if it has got nothing yet. */
  giveUp(status: string): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#sink.closed) return;
    this.#options.onFailure?.();
    if (this.#headSent) this.#sink.cut();
    else this.#refuse(status);
  }

  readonly #startResponse = (status: string, headers: Headers, error?: unknown): Write => {
    if (error !== undefined && error !== null) {
      if (this.#headSent) throw error;
    } else if (this.#head !== undefined) {
      throw new ApplicationError(
        "START_RESPONSE_TWICE",
        "startResponse was called twice; pass the error that is the reason",
      );
    }
    this.#head = checkHead(status, headers);
    return this.#write;
  };

  readonly #write: Write = (chunk) => {
    let written: Promise<void>;
    try {
      this.#send(chunk, byteLength(chunk));
      written = this.#sink.flush() ? Promise.resolve() : this.#sink.drained().then(() => this.#mustBeOpen());
    } catch (error) {
      written = Promise.reject(error);
    }
    // An application need not wait for a chunk; one that has gone with its peer is no reason to end the process.
    written.catch(() => {});
    return written;
  };

  #deliver(body: Body): Promise<void> | undefined {
    if (typeof body === "string" || body instanceof Uint8Array) {
      this.#errors.write("application returned a bare string or buffer as body; return it in an array\n");
      return this.#deliverArray([body]);
    }
    if (Array.isArray(body)) return this.#deliverArray(body);
    return this.#deliverIterable(body);
  }

  /** The whole body is known: its length too, and nothing has to be waited for unless it is large. */
  #deliverArray(chunks: readonly Chunk[]): Promise<void> | undefined {
    try {
      let total = 0;
      for (const chunk of chunks) total += byteLength(chunk);
      const head = this.#head;
      if (head !== undefined && !this.#headSent && !isBodyless(head.code)) {
        const isWhole = !this.#bodyless || total > 0;
        if (head.contentLength === undefined) {
          // An application may leave out what HEAD does not need; what it has made has the length that GET's has.
          if (isWhole) setContentLength(head, total);
        } else if (!this.#bodyless && head.contentLength > total) throw shortBody(head.contentLength - total);
      }
      if (total > FLUSH_BYTES) return this.#deliverIterable(chunks);
      for (const chunk of chunks) this.#send(chunk, chunks.length === 1 ? total : byteLength(chunk));
      this.#finish();
    } catch (error) {
      this.#fail(error);
    }
    return undefined;
  }

  async #deliverIterable(body: Body): Promise<void> {
    let iterator: Iterator<Chunk> | AsyncIterator<Chunk> | undefined;
    // While next() runs the iterator has itself to look after; after a chunk it has to be told when it is left.
    let waiting = false;
    try {
      iterator = iteratorOf(body);
      for (;;) {
        waiting = false;
        let step = iterator.next();
        if (isPromise(step)) step = await step;
        if (step.done === true) break;
        waiting = true;
        if (this.#over || this.#sink.closed) break;
        this.#send(step.value, byteLength(step.value));
        if (this.#headSent && (this.#bodyless || this.#remaining === 0)) break;
        if (this.#headSent && !this.#sink.flush()) await this.#sink.drained();
        if (this.#over || this.#sink.closed) break;
      }
      this.#finish();
    } catch (error) {
      this.#fail(error);
    }
    // Behind the response, of which nothing is held back, so that nobody waits for the cleaning up.
    if (!this.#sink.closed) this.#sink.flush();
    if (waiting) await this.#leave(iterator);
    this.#close(body);
  }

  /** Tells a body that it is left. An error in its cleaning up is logged and changes nothing for the client. */
  async #leave(iterator: Iterator<Chunk> | AsyncIterator<Chunk> | undefined): Promise<void> {
    try {
      await iterator?.return?.();
    } catch (error) {
      if (!this.#isOldNews(error)) this.#log(error);
    }
  }

  /** PEP 3333's `close()`, for bodies that are no generators. */
  #close(body: Body): void {
    const closable = body as { close?: unknown } | null | undefined;
    if (typeof closable?.close !== "function") return;
    try {
      closable.close();
    } catch (error) {
      this.#log(error);
    }
  }

  #send(chunk: Chunk, size: number): void {
    if (size === 0 && chunk !== EARLY_HEAD) return;
    this.#mustBeOpen();
    this.#sendHead();
    if (this.#bodyless || size === 0) return;
    if (size <= this.#remaining) {
      this.#remaining -= size;
      this.#sink.write(chunk, size);
      return;
    }
    this.#errors.write("application sent more bytes than its Content-Length says; the rest was dropped\n");
    const rest = (typeof chunk === "string" ? Buffer.from(chunk) : chunk).subarray(0, this.#remaining);
    this.#remaining = 0;
    if (rest.length > 0) this.#sink.write(rest, rest.length);
  }

  #sendHead(): void {
    if (this.#headSent) return;
    const head = this.#head;
    if (head === undefined) {
      throw new ApplicationError(
        "NO_START_RESPONSE",
        "startResponse was not called before the first chunk or the end of the body",
      );
    }
    this.#headSent = true;
    this.#bodyless ||= isBodyless(head.code);
    if (!this.#bodyless && head.contentLength !== undefined) this.#remaining = head.contentLength;
    // RFC 9110 §8.6: a 204 has no length.
    if (head.code === 204) removeContentLength(head);
    this.#sink.head(head);
  }

  #finish(): void {
    if (this.#over) return;
    if (!this.#sink.closed) {
      this.#sendHead();
      if (!this.#bodyless && this.#remaining > 0 && this.#remaining !== Number.POSITIVE_INFINITY) {
        throw shortBody(this.#remaining);
      }
    }
    this.#over = true;
    if (!this.#sink.closed) this.#sink.end(false);
  }

  #fail(error: unknown): void {
    const peerFault = error instanceof ProtocolError;
    if (this.#isOldNews(error)) return;
    const { onError } = this.#options;
    if (onError !== undefined && !this.#over) {
      this.#over = true;
      onError(error);
      return;
    }
    if (!peerFault) this.#log(error);
    if (this.#over) return;
    this.#over = true;
    if (this.#sink.closed) return;
    if (!peerFault) this.#options.onFailure?.();
    if (this.#headSent) this.#sink.cut();
    else {
      const showsTrace = this.#options.debug === true && !peerFault;
      this.#refuse(failureStatus(error), showsTrace ? inspect(error) : undefined);
    }
  }

  /** A peer that has gone takes its request with it, a time-out too; what breaks because of that is no news. */
  #isOldNews(error: unknown): boolean {
    // That of another request, which the application let escape here, leaves this one without an answer: that is news.
    if (this.#over && error instanceof ApplicationError && error.code === "RESPONSE_OVER") return true;
    return this.#sink.closed && (error instanceof ProtocolError || isAbort(error));
  }

  #refuse(status: string, explanation?: string): void {
    refuse(this.#sink, this.#environ.REQUEST_METHOD, status, explanation);
  }

  #log(error: unknown): void {
    this.#errors.write(`${inspect(error)}\n`);
  }

  get #errors(): Environ["wsgi.errors"] {
    return this.#sink.errors ?? this.#environsErrors ?? this.#environ["wsgi.errors"];
  }

  #mustBeOpen(): void {
    if (this.#over)
      throw new ApplicationError("RESPONSE_OVER", "the response is over; nothing can be written to it");
    if (this.#sink.closed) throw new ProtocolError("PEER_GONE", "the client has gone");
  }
}

function iteratorOf(body: Body): Iterator<Chunk> | AsyncIterator<Chunk> {
  const either = body as Partial<AsyncIterable<Chunk> & Iterable<Chunk>> | null | undefined;
  const iterator = either?.[Symbol.asyncIterator]?.() ?? either?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new ApplicationError(
      "NO_BODY",
      `application returned ${body === null ? "null" : `a value of type ${typeof body}`}, and a body is an iterable or ` +
        `async iterable of strings and bytes, such as ["Hello"]`,
    );
  }
  return iterator;
}

function byteLength(chunk: Chunk): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  throw new ApplicationError(
    "CHUNK",
    `a chunk is a string or a Uint8Array, not a value of type ${typeof chunk}`,
  );
}

function shortBody(missing: number): ApplicationError {
  return new ApplicationError("SHORT_BODY", `the body ended ${missing} bytes before its Content-Length`);
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | null | undefined)?.then === "function";
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
