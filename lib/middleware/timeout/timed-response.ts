import { inspect } from "node:util";
import { ApplicationError } from "../../errors.ts";
import { printable } from "../../gateway/log.ts";
import { answerPlainly } from "../../gateway/plain-answer.ts";
import type { Body, Chunk, Environ, StartResponse, Write } from "../../gateway/types.ts";
import { closeOf } from "../response-filter/body-kinds.ts";
import { TimedBody } from "./timed-body.ts";

/** One response that has to be there in time. */
export class TimedResponse {
  /** The time is over. */
  late = false;
  readonly #environ: Environ;
  readonly #outer: StartResponse;
  readonly #until: "head" | "end";
  #limitMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #cancellation: AbortController | undefined;
  #onLate: (() => void) | undefined;

  constructor(environ: Environ, outer: StartResponse, until: "head" | "end") {
    this.#environ = environ;
    this.#outer = outer;
    this.#until = until;
  }

  start(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#timer = setTimeout(() => {
      this.late = true;
      this.#abort();
      this.#onLate?.();
    }, limitMs);
  }

  /** Something that is not empty goes out. */
  begin(): void {
    if (this.#until === "head") this.end();
  }

  /** The application has done all that it had to do in time. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /** `postern.signal`, which ends with the server's, and when the time is over. */
  signalAfter(outer: AbortSignal): AbortSignal {
    const cancellation = new AbortController();
    this.#cancellation = cancellation;
    if (this.late) this.#abort();
    else if (outer.aborted) cancellation.abort(outer.reason);
    else outer.addEventListener("abort", () => cancellation.abort(outer.reason), { once: true });
    return cancellation.signal;
  }

  readonly startResponse: StartResponse = (status, headers, error) => {
    if (this.late) throw over();
    const write = this.#outer(status, headers, error);
    return (chunk) => this.#write(write, chunk);
  };

  async takeLater(promised: Promise<Body>): Promise<Body> {
    try {
      const body = await this.inTime(promised);
      if (body !== undefined) return this.take(body);
    } catch (error) {
      this.end();
      throw error;
    }
    promised.then((body) => this.#drop(body)).catch((error: unknown) => this.logLate(error));
    return this.answer();
  }

  take(body: Body): Body {
    // The server has a word about a body that is none.
    if (typeof body !== "object" || body === null || Array.isArray(body) || isFile(body)) {
      this.end();
      return body;
    }
    const timed = new TimedBody(this, body);
    return "close" in body ? Object.assign(timed, { close: () => timed.closeInner() }) : timed;
  }

  /** Undefined when the time is over first. */
  inTime<Value>(promised: PromiseLike<Value>): Promise<Value | undefined> {
    if (this.late) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#onLate = () => resolve(undefined);
      promised.then(resolve, reject);
    });
  }

  /**
   * Answers in the application's place.
   *
   * @throws {ApplicationError} `TIMEOUT` when the head has been sent, so that the server cuts the response
   */
  answer(): Body {
    const { REQUEST_METHOD: method, SCRIPT_NAME: mount, PATH_INFO: path } = this.#environ;
    const error = new ApplicationError("TIMEOUT", `the application took longer than ${this.#limitMs} ms`);
    const outer: StartResponse = (status, headers) => this.#outer(status, headers, error);
    const body = answerPlainly(outer, "504 Gateway Timeout");
    this.#environ["wsgi.errors"].write(printable(`${method} ${mount}${path}: ${error.message}`).concat("\n"));
    return body;
  }

  /** What fails because it was told to end is no news. */
  logLate(error: unknown): void {
    const isAbort = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
    const isOver = error instanceof ApplicationError && error.code === "RESPONSE_OVER";
    if (!isAbort && !isOver) this.#environ["wsgi.errors"].write(`${inspect(error)}\n`);
  }

  #abort(): void {
    this.#cancellation?.abort(new DOMException("the request took too long", "TimeoutError"));
  }

  #write(write: Write, chunk: Chunk): Promise<void> {
    if (!this.late) {
      if (chunk.length > 0) this.begin();
      return write(chunk);
    }
    const failed = Promise.reject(over());
    // An application need not wait for a chunk.
    failed.catch(() => {});
    return failed;
  }

  /** Nobody wants this body any more. */
  async #drop(body: Body): Promise<void> {
    if (!Array.isArray(body) && !isFile(body)) await new TimedBody(this, body).return();
    closeOf(body)?.();
  }
}

function over(): ApplicationError {
  return new ApplicationError("RESPONSE_OVER", "the response took too long and is over");
}

/** A file is opened by whoever sends it, middleware outside among them. */
function isFile(body: Body): boolean {
  return "path" in body && "range" in body;
}
