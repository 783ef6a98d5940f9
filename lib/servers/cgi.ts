// CGI/1.1 (RFC 3875): one process, one request. Descriptors 0, 1 and 2 are read and written synchronously, since touching
// process.stdin or process.stdout costs time at each hit and makes a shared descriptor non-blocking.

/// <reference lib="es2024.sharedmemory" />

import { fstatSync, readFileSync, readSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { ProtocolError } from "../errors.ts";
import { durationOf } from "../gateway/duration.ts";
import { completeEnviron, contentLengthOf } from "../gateway/environ.ts";
import type { ResponseHead } from "../gateway/head.ts";
import { logToStderr } from "../gateway/log.ts";
import type { Logs } from "../gateway/log-file.ts";
import { refuse, respond } from "../gateway/respond.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Application, Chunk, Environ } from "../gateway/types.ts";
import { addVariable, emptyEnviron } from "../gateway/variables.ts";
import { encodeResponseHead } from "../protocols/cgi/response-head.ts";
import { writeAll } from "./descriptor.ts";
import { limitOf } from "./limit.ts";
import type { ServerOptions } from "./options.ts";

/** A script answers one request, whose head the web server has read: limits of heads and of many requests are its own. */
export interface CgiOptions
  extends Omit<ServerOptions, "maxParamsBytes" | "maxConcurrent" | "multiprocess"> {}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const READ_BYTES = 65_536;

/** What the process was started with. */
const VARIABLES = "/proc/self/environ";
const ASCII = /^[\0-\x7f]*$/;

/** How long what an application leaves open may keep the process once the response is out, in milliseconds. */
const EXIT_MS = 50;

/** How long an application may clean up behind its response after it was told to end, in milliseconds. */
const CLEAN_UP_MS = 10_000;
const DEFAULT_IDLE_MS = 120_000;

/** In the place of what is made when it is read. */
const UNREAD = undefined as never;

/**
 * Answers the request that this process was started for. Without CGI variables, as from a shell, it is `GET /`.
 *
 * Afterwards `process.exitCode` is 0, or 1 when the application failed, and the process ends, even where a timer or a
 * connection of the application is still open.
 */
export async function serveCgi(application: Application, options: CgiOptions = {}): Promise<void> {
  // console.log would write into the response.
  console.log = console.error;
  console.info = console.error;
  console.debug = console.error;
  // A client's header Proxy, which packages would take for the administrator's proxy (httpoxy).
  delete process.env["HTTP_PROXY"];
  const cancellation = new LateCancellation();
  const idleMs = durationOf("idleTimeoutMs", options.idleTimeoutMs ?? DEFAULT_IDLE_MS);
  const maxBodyBytes = limitOf("maxBodyBytes", options.maxBodyBytes ?? Number.POSITIVE_INFINITY, 0);
  const { log, writeErrors } = await logs(options);
  containStrayErrors();
  const sink = new CgiSink(cancellation, idleMs, writeErrors);
  const environ = emptyEnviron();
  let body: RequestBody | undefined;
  try {
    readVariables(environ);
    environ.REQUEST_METHOD ||= "GET";
    // Where Apache's RewriteRule puts the header that its CGI does not pass on.
    const authorization = environ["REDIRECT_HTTP_AUTHORIZATION"];
    if (typeof authorization === "string") environ.HTTP_AUTHORIZATION ??= authorization;
    const values = {
      input: UNREAD,
      errors: UNREAD,
      cancellation,
      multithread: false,
      multiprocess: true,
      runOnce: true,
    };
    completeEnviron(environ, values, options);
    const length = contentLengthOf(environ) ?? 0;
    const input = new RequestBody(length);
    body = input;
    if (length > maxBodyBytes) {
      throw new ProtocolError("BODY_TOO_LARGE", `a body of ${length} bytes is longer than "maxBodyBytes"`);
    }
    // Node's streams cost a script more than all the rest of a small request, and most requests read none.
    defineLate(environ, "wsgi.input", () => input.stream());
    defineLate(environ, "wsgi.errors", () => sink.errors);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    log("error", `refused a CGI request: ${error.message}`);
    const status = error.code === "BODY_TOO_LARGE" ? "413 Content Too Large" : "400 Bad Request";
    refuse(sink, environ.REQUEST_METHOD, status);
  }
  if (!sink.over) {
    let giveUp: () => void = () => {};
    const timeout = new Promise<void>((resolve) => {
      giveUp = resolve;
    });
    const running = respond(application, environ, sink, {
      debug: options.debug,
      timeoutMs: durationOf("requestTimeoutMs", options.requestTimeoutMs ?? 0),
      onTimeout: () => {
        cancellation.abort(new DOMException("the request took too long", "TimeoutError"));
        giveUp();
      },
    });
    // The response ends where the process does: an application that does not heed the signal must not hold it up.
    await Promise.race([running, timeout]);
  }
  if (sink.failed) process.exitCode = 1;
  await body?.drop();
  // It holds nothing up, as a timer that is unref'd, and Node has nothing to compile for it.
  const pause = Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_MS);
  if (pause.async) pause.value.then(() => process.exit());
}

/** Makes an AbortController when it is needed: Node loads what makes them for the first one. */
class LateCancellation implements AbortController {
  #made: AbortController | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  get #controller(): AbortController {
    this.#made ??= new AbortController();
    return this.#made;
  }
}

/** What an application lets fall is in the log and in the exit status; its response goes out all the same. */
function containStrayErrors(): void {
  const stray = (error: unknown): void => {
    process.exitCode = 1;
    console.error(error);
  };
  process.on("uncaughtException", stray);
  process.on("unhandledRejection", stray);
}

/** A script that logs to standard error does not load what writes files. */
async function logs(options: CgiOptions): Promise<Logs> {
  const { log = logToStderr, logFile } = options;
  if (logFile === undefined) return { log, writeErrors: writeLog };
  const { logsOf } = await import("../gateway/log-file.ts");
  return logsOf(options);
}

/** Standard error may be closed; that is no reason to fail. */
function writeLog(bytes: Uint8Array): void {
  try {
    writeAll(STDERR, bytes, DEFAULT_IDLE_MS);
  } catch {}
}

/** Not process.env, which has decoded the variables as UTF-8 and lost the bytes that are none. */
function readVariables(environ: Environ): void {
  let text: string;
  try {
    // Node reads UTF-8 in a fraction of the time, and the two differ only where not all is ASCII.
    text = readFileSync(VARIABLES, "utf8");
    if (!ASCII.test(text)) text = readFileSync(VARIABLES, "latin1");
  } catch {
    for (const [name, value] of Object.entries(process.env)) {
      addVariable(environ, name, Buffer.from(value ?? "").toString("latin1"));
    }
    return;
  }
  for (const entry of text.split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0) addVariable(environ, entry.slice(0, equals), entry.slice(equals + 1));
  }
}

/** A key of the environ whose value is made when it is first read: a `LazyKey` is for those that have many environs. */
function defineLate<Key extends keyof Environ & string>(
  environ: Environ,
  key: Key,
  make: () => Environ[Key],
): void {
  const settle = (object: object, value: unknown): void => {
    Object.defineProperty(object, key, { configurable: true, enumerable: true, writable: true, value });
  };
  Object.defineProperty(environ, key, {
    configurable: true,
    enumerable: true,
    get() {
      const value = make();
      settle(environ, value);
      return value;
    },
    set(this: object, value: unknown) {
      settle(this, value);
    },
  });
}

/** CONTENT_LENGTH bytes of descriptor 0. A server need not close it behind them. */
class RequestBody {
  #missing: number;

  constructor(length: number) {
    this.#missing = length;
  }

  /** `wsgi.input` */
  stream(): Readable {
    const { Readable } = streams();
    const body = this;
    return new Readable({
      read() {
        if (body.#missing === 0) {
          this.push(null);
          return;
        }
        let bytes: Uint8Array | undefined;
        try {
          bytes = body.#read();
        } catch (error) {
          this.destroy(error as Error);
          return;
        }
        // Only an event loop can wait for a descriptor that does not block.
        if (bytes === undefined) setTimeout(() => this._read(0), 1);
        else this.push(bytes);
      },
    });
  }

  /**
   * Reads what nobody has read, where that is a socket: Apache's mod_cgid passes a whole body on before it looks at the
   * response, and closing a socket with unread bytes makes it take a whole response for one that was cut. PHP does the same.
   */
  async drop(): Promise<void> {
    if (this.#missing === 0) return;
    try {
      if (!fstatSync(STDIN).isSocket()) return;
      while (this.#missing > 0) {
        if (this.#read() === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } catch {
      // The rest does not come.
    }
  }

  /**
   * @returns `undefined` where nothing is there yet: some servers hand over a descriptor that does not block
   * @throws {ProtocolError} `BODY_TRUNCATED`
   */
  #read(): Uint8Array | undefined {
    const bytes = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#missing));
    let count: number;
    try {
      count = readSync(STDIN, bytes, 0, bytes.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
      throw error;
    }
    if (count === 0) {
      throw new ProtocolError("BODY_TRUNCATED", `the request body ended ${this.#missing} bytes too early`);
    }
    this.#missing -= count;
    return bytes.subarray(0, count);
  }
}

/** `wsgi.errors`: it never fails and cannot be ended, whatever an application does. */
function errorStream(put: (bytes: Buffer) => void): Writable {
  const { Writable } = streams();
  return new (class ErrorStream extends Writable {
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      put(chunk);
      done();
    }

    override destroy(): this {
      return this;
    }

    override end(chunk?: unknown): this {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) this.write(chunk);
      return this;
    }
  })();
}

function streams(): typeof import("node:stream") {
  return process.getBuiltinModule("node:stream");
}

class CgiSink implements ResponseSink {
  over = false;
  failed = false;
  readonly #cancellation: AbortController;
  readonly #idleMs: number;
  readonly #writeErrors: (bytes: Buffer) => void;
  #errors: Writable | undefined;
  #head = "";
  #chunks: Chunk[] = [];
  #gone = false;

  constructor(cancellation: AbortController, idleMs: number, writeErrors: (bytes: Buffer) => void) {
    this.#cancellation = cancellation;
    this.#idleMs = idleMs;
    this.#writeErrors = writeErrors;
  }

  get errors(): Writable {
    this.#errors ??= errorStream(this.#writeErrors);
    return this.#errors;
  }

  get closed(): boolean {
    return this.#gone || this.over;
  }

  head(head: ResponseHead): void {
    this.#head = encodeResponseHead(head.status, head.headers);
  }

  write(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  flush(): boolean {
    const bytes = bytesOf(this.#head, this.#chunks);
    this.#head = "";
    this.#chunks = [];
    if (bytes.length === 0 || this.#gone) return true;
    try {
      writeAll(STDOUT, bytes, this.#idleMs);
    } catch {
      // EPIPE: the server has given up, and nothing that comes can be delivered.
      this.#gone = true;
      this.failed = true;
      this.#cancellation.abort(new ProtocolError("PEER_GONE", "the web server closed standard output"));
    }
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(failed: boolean): void {
    // lighttpd sends TERM as soon as it has the whole response: what cleans up behind it is not cut short.
    process.on("SIGTERM", () => setTimeout(() => process.exit(), CLEAN_UP_MS).unref());
    this.flush();
    this.over = true;
    if (failed) this.failed = true;
  }

  cut(): void {
    this.end(true);
  }
}

function bytesOf(head: string, chunks: readonly Chunk[]): Uint8Array {
  const [only = "", ...more] = chunks;
  // The ordinary case, in which Node has to compile next to nothing.
  if (typeof only === "string" && more.length === 0 && ASCII.test(head)) return Buffer.from(head + only);
  const parts = chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk));
  return Buffer.concat([Buffer.from(head, "latin1"), ...parts]);
}
