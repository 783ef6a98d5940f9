// Calls an application in this process, through the same respond() as the servers and with the environ that a
// server would make of such a request.

import { Readable } from "node:stream";
import { completeEnviron } from "../gateway/environ.ts";
import { ErrorStream } from "../gateway/error-stream.ts";
import type { ResponseHead } from "../gateway/head.ts";
import { decodePath, targetPath, targetQuery } from "../gateway/path.ts";
import { respond } from "../gateway/respond.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Application, Chunk, Environ, Header } from "../gateway/types.ts";
import { addVariable, emptyEnviron } from "../gateway/variables.ts";

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

export interface CallResponse {
  readonly status: number;
  readonly reason: string;
  /** In the order in which they were sent. */
  readonly headers: readonly Header[];
  /** The first header of a name, whatever its case. */
  header(name: string): string | undefined;
  readonly body: Buffer;
  /** The body, decoded as UTF-8. */
  readonly text: string;
  /** What was written to `wsgi.errors`. */
  readonly errors: string;
  /** The response ended in an error after its head: a client would see it cut. */
  readonly cut: boolean;
}

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
  const errors: Buffer[] = [];
  const cancellation = new AbortController();
  const environ = environOf(target, request);
  completeEnviron(
    environ,
    {
      input: inputOf(request.body),
      errors: new ErrorStream((bytes) => errors.push(bytes)),
      cancellation,
      multithread: true,
      multiprocess: false,
      runOnce: false,
    },
    {},
  );
  Object.assign(environ, request.environ);
  const abort = (): void => cancellation.abort(request.signal?.reason);
  if (request.signal?.aborted) abort();
  request.signal?.addEventListener("abort", abort);
  const sink = new MemorySink(cancellation.signal);
  await respond(application, environ, sink, { debug: request.debug });
  request.signal?.removeEventListener("abort", abort);
  return sink.response(Buffer.concat(errors).toString());
}

class MemorySink implements ResponseSink {
  readonly #signal: AbortSignal;
  readonly #chunks: Buffer[] = [];
  #head: ResponseHead | undefined;
  #cut = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get closed(): boolean {
    return this.#signal.aborted;
  }

  head(head: ResponseHead): void {
    this.#head = head;
  }

  write(chunk: Chunk): void {
    this.#chunks.push(Buffer.from(chunk as Uint8Array));
  }

  flush(): boolean {
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {}

  cut(): void {
    this.#cut = true;
  }

  response(errors: string): CallResponse {
    const { status = "000 Aborted", code = 0, headers = [] } = this.#head ?? {};
    const body = Buffer.concat(this.#chunks);
    return {
      status: code,
      reason: status.slice(4),
      headers,
      header: (name) => headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1],
      body,
      text: body.toString(),
      errors,
      cut: this.#cut,
    };
  }
}

function environOf(target: string, request: CallRequest): Environ {
  const environ = emptyEnviron();
  const host = request.host ?? "localhost:8080";
  const scriptName = request.scriptName ?? "";
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const { body } = request;
  environ.REQUEST_METHOD = request.method ?? "GET";
  environ.SCRIPT_NAME = scriptName;
  environ.PATH_INFO = decodePath(targetPath(target));
  environ.QUERY_STRING = targetQuery(target);
  environ.REQUEST_URI = scriptName + target;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = port ?? (request.https === true ? "443" : "80");
  environ.SERVER_PROTOCOL = "HTTP/1.1";
  environ.REMOTE_ADDR = "127.0.0.1";
  if (request.https === true) environ.HTTPS = "on";
  if (typeof body === "string" || body instanceof Uint8Array) {
    environ.CONTENT_LENGTH = String(Buffer.byteLength(body));
  }
  const headers = request.headers ?? [];
  environ.HTTP_HOST = host;
  for (const [header, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    const variable = header.toUpperCase().replaceAll("-", "_");
    if (variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH") environ[variable] = value;
    else if (variable === "HOST") environ.HTTP_HOST = value;
    else addVariable(environ, `HTTP_${variable}`, value);
  }
  return environ;
}

function inputOf(body: CallRequest["body"]): Readable {
  if (body === undefined) return Readable.from([], { objectMode: false });
  if (typeof body === "string") return Readable.from([Buffer.from(body)], { objectMode: false });
  if (body instanceof Uint8Array) return Readable.from([body], { objectMode: false });
  return Readable.from(body, { objectMode: false });
}
