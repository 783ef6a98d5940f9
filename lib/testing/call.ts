// Calls an application in this process, through the same respond() as the servers and with the environ that a
// server would make of such a request.

import { parseSetCookie, type SetCookie } from "cookie";
import { ErrorStream } from "../gateway/error-stream.ts";
import type { ResponseHead } from "../gateway/head.ts";
import { respond } from "../gateway/respond.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Application, Chunk, Header } from "../gateway/types.ts";
import { requestEnviron } from "./request-environ.ts";
import { UnansweredError } from "./unanswered-error.ts";

export interface CallRequest {
  /** @defaultValue `"GET"` */
  readonly method?: string;
  /** Repeated ones as pairs. */
  readonly headers?: Iterable<Header> | Readonly<Record<string, string>>;
  /** A string or bytes set CONTENT_LENGTH; an iterable comes without, as a chunked request does. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Where the application is mounted. @defaultValue `""` */
  readonly scriptName?: string;
  /** @defaultValue `false` */
  readonly https?: boolean;
  /** The Host header. @defaultValue `"localhost:8080"` */
  readonly host?: string;
  /** Variables to set or to replace, also dotted ones. */
  readonly environ?: Readonly<Record<string, unknown>>;
  /** Aborts `postern.signal`, as a client does that goes away. */
  readonly signal?: AbortSignal;
  /** Shows traces in a 500. @defaultValue `false` */
  readonly debug?: boolean;
}

/** What is known of a response when its head is there. */
export interface ResponseStart {
  readonly status: number;
  readonly reason: string;
  /** In the order in which they were sent. */
  readonly headers: readonly Header[];
  /** The first header of a name, whatever its case. */
  header(name: string): string | undefined;
  /** The first cookie of a name that the response sets, its value decoded. */
  cookie(name: string): SetCookie | undefined;
  /** 200 to 299. */
  readonly ok: boolean;
  /** A status that has clients go on to `Location`: 301, 302, 303, 307, 308. */
  readonly isRedirect: boolean;
  /** 400 to 499. */
  readonly isClientError: boolean;
  /** 500 to 599. */
  readonly isServerError: boolean;
}

export interface CallResponse extends ResponseStart {
  readonly body: Buffer;
  /** The body in the pieces in which it was sent. */
  readonly chunks: readonly Buffer[];
  /** The body, decoded as UTF-8. */
  readonly text: string;
  /**
   * The body as JSON, whatever its type says. `T` is not checked.
   *
   * @throws {SyntaxError} it is none
   */
  json<T = unknown>(): T;
  /** What a regular expression finds in the body's text: `null` for nothing, with the flag `g` all of it. */
  match(pattern: RegExp): RegExpMatchArray | null;
  /** What was written to `wsgi.errors`. */
  readonly errors: string;
  /** The response ended in an error after its head: a client would see it cut. */
  readonly cut: boolean;
}

/** A response while it is sent. Pieces that nobody has taken yet hold the application up, as a slow client does. */
export interface OpenResponse extends ResponseStart {
  /** The body's pieces as they come. Once. To leave the loop is to close the response. */
  readonly chunks: AsyncIterable<Buffer>;
  /** What was written to `wsgi.errors` so far. */
  readonly errors: string;
  /** The response ended in an error after its head. */
  readonly cut: boolean;
  /** Goes away, as a client that hangs up, and waits until the application has heard of it. */
  close(): Promise<void>;
}

/** Fetch §2.2.6: what clients follow. */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks an application for one response.
 *
 * @param target path and query as in a request line, percent-encoded and below `scriptName`
 * @example
 * const response = await call(application, "/hello?name=World");
 */
export async function call(
  application: Application,
  target: string,
  request: CallRequest = {},
): Promise<CallResponse> {
  const sink = new WholeSink();
  const running = start(application, target, request, sink);
  await running.done;
  running.mustBeAnswered();
  const { chunks } = sink;
  const body = Buffer.concat(chunks);
  const text = body.toString();
  return {
    ...startOf(sink.sent),
    body,
    chunks,
    text,
    json: () => JSON.parse(text),
    match: (pattern) => text.match(pattern),
    errors: running.errors(),
    cut: sink.wasCut,
  };
}

/**
 * Asks an application for a response and does not wait for its end: for bodies that have none, such as server-sent
 * events.
 *
 * @returns when the head is there, with the first piece of the body
 * @example
 * const response = await openCall(application, "/events");
 * for await (const chunk of response.chunks) if (chunk.includes("ready")) break;
 */
export async function openCall(
  application: Application,
  target: string,
  request: CallRequest = {},
): Promise<OpenResponse> {
  const sink = new PacedSink();
  const running = start(application, target, request, sink);
  await Promise.race([sink.started, running.done]);
  running.mustBeAnswered();
  return {
    ...startOf(sink.sent),
    chunks: sink.pieces(running.done, running.leave),
    get errors() {
      return running.errors();
    },
    get cut() {
      return sink.wasCut;
    },
    close: running.leave,
  };
}

/** A request on its way through an application. */
interface Running {
  readonly done: Promise<void>;
  errors(): string;
  /** @throws {UnansweredError} the application speaks for a server, which did not answer */
  mustBeAnswered(): void;
  /** The client goes. */
  leave(): Promise<void>;
}

function start(application: Application, target: string, request: CallRequest, sink: MemorySink): Running {
  const errors: Buffer[] = [];
  const { cancellation } = sink;
  const environ = requestEnviron(target, request, {
    errors: new ErrorStream((bytes) => errors.push(bytes)),
    cancellation,
  });
  const abort = (): void => cancellation.abort(request.signal?.reason);
  if (request.signal?.aborted) abort();
  request.signal?.addEventListener("abort", abort);
  let unanswered: UnansweredError | undefined;
  const watched: Application = (environ, startResponse) => {
    const body = application(environ, startResponse);
    if (body instanceof Promise) {
      body.catch((error: unknown) => {
        if (error instanceof UnansweredError) unanswered = error;
      });
    }
    return body;
  };
  const run = async (): Promise<void> => {
    await respond(watched, environ, sink, { debug: request.debug });
    request.signal?.removeEventListener("abort", abort);
  };
  const done = run();
  return {
    done,
    errors: () => Buffer.concat(errors).toString(),
    mustBeAnswered() {
      if (unanswered !== undefined) throw unanswered;
    },
    leave() {
      cancellation.abort();
      return done;
    },
  };
}

function startOf(head: ResponseHead | undefined): ResponseStart {
  const { status = "000 Aborted", code = 0, headers = [] } = head ?? {};
  return {
    status: code,
    reason: status.slice(4),
    headers,
    header: (name) => headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1],
    cookie: (name) =>
      headers
        .filter(([other]) => other.toLowerCase() === "set-cookie")
        .map(([, value]) => parseSetCookie(value))
        .find((cookie) => cookie.name === name),
    ok: code >= 200 && code < 300,
    isRedirect: REDIRECTS.has(code),
    isClientError: code >= 400 && code < 500,
    isServerError: code >= 500,
  };
}

/** Keeps a response in memory. */
abstract class MemorySink implements ResponseSink {
  readonly cancellation = new AbortController();
  readonly chunks: Buffer[] = [];
  sent: ResponseHead | undefined;
  wasCut = false;

  get closed(): boolean {
    return this.cancellation.signal.aborted;
  }

  head(head: ResponseHead): void {
    this.sent = head;
  }

  write(chunk: Chunk): void {
    this.chunks.push(Buffer.from(chunk as Uint8Array));
  }

  abstract flush(): boolean;
  abstract drained(): Promise<void>;

  end(): void {}

  cut(): void {
    this.wasCut = true;
  }
}

class WholeSink extends MemorySink {
  flush(): boolean {
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

/** Takes no more than one flush at a time. */
class PacedSink extends MemorySink {
  readonly started: Promise<void>;
  #start: () => void = () => {};
  /** Whoever waits: the reader for a piece, or the application for room. */
  #wake: () => void = () => {};

  constructor() {
    super();
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.cancellation.signal.addEventListener("abort", () => this.#wake());
  }

  override write(chunk: Chunk): void {
    super.write(chunk);
    this.#start();
    this.#wake();
  }

  flush(): boolean {
    // A head that goes out alone is there too.
    this.#start();
    return this.chunks.length === 0;
  }

  drained(): Promise<void> {
    return this.closed ? Promise.resolve() : this.#wait();
  }

  async *pieces(done: Promise<void>, leave: () => Promise<void>): AsyncGenerator<Buffer, void, undefined> {
    let over = false;
    const ended = done.then(() => {
      over = true;
    });
    try {
      for (;;) {
        const chunk = this.chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
          continue;
        }
        if (over || this.closed) return;
        this.#wake();
        await Promise.race([ended, this.#wait()]);
      }
    } finally {
      await leave();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
