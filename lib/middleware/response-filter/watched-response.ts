import { isBodyless } from "../../gateway/head.ts";
import type {
  Body,
  Chunk,
  Environ,
  FileBody,
  FileRange,
  Header,
  StartResponse,
  Write,
} from "../../gateway/types.ts";
import { closeOf, isFileBody, iteratorOf } from "./body-kinds.ts";

/** What became of a response. */
export interface ResponseOutcome {
  /** As it was set last; undefined when it never was. */
  readonly status: string | undefined;
  readonly headers: readonly Header[];
  /** Of the body, as it was given to the server; 0 where none is sent, as for `HEAD`. */
  readonly bytes: number;
  /**
   * When its first byte came, in milliseconds of `performance.now()`; undefined when there was none, and for an array,
   * which is there in whole when this is told.
   */
  readonly firstByteAt: number | undefined;
  /** The body was left before its end: the client has gone, or wanted no body. */
  readonly left: boolean;
  /** What was thrown; undefined when nothing was. */
  readonly error: unknown;
}

/** One response that passes as it is. */
export class WatchedResponse {
  readonly #outer: StartResponse;
  readonly #end: (outcome: ResponseOutcome) => void;
  readonly #isHead: boolean;
  #status: string | undefined;
  #headers: readonly Header[] = [];
  #bytes = 0;
  #firstByteAt: number | undefined;
  #ended = false;

  constructor(environ: Environ, outer: StartResponse, end: (outcome: ResponseOutcome) => void) {
    this.#outer = outer;
    this.#end = end;
    this.#isHead = environ.REQUEST_METHOD === "HEAD";
  }

  readonly startResponse: StartResponse = (status, headers, error) => {
    const copied = [...headers];
    const write = this.#outer(status, copied, error);
    this.#status = status;
    this.#headers = copied;
    return this.#counted(write);
  };

  take(body: Body): Body {
    if (Array.isArray(body)) {
      for (const chunk of body) this.#add(chunk);
      this.end();
      return body;
    }
    // The server has a word about a body that is none.
    if (typeof body !== "object" || body === null) {
      this.end();
      return body;
    }
    if (isFileBody(body)) return new WatchedFile(body, this);
    const close = closeOf(body);
    const watched = new WatchedBody(body, this);
    return close === undefined ? watched : Object.assign(watched, { close });
  }

  fail(error: unknown): never {
    this.end(false, error);
    throw error;
  }

  count(chunk: Chunk): void {
    if (this.#bytes === 0 && chunk.length > 0) this.#firstByteAt = performance.now();
    this.#add(chunk);
  }

  #add(chunk: Chunk): void {
    if (typeof chunk === "string") this.#bytes += Buffer.byteLength(chunk);
    else if (chunk instanceof Uint8Array) this.#bytes += chunk.byteLength;
  }

  end(left = false, error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const code = Number(this.#status?.slice(0, 3));
    const bytes = this.#isHead || isBodyless(code) ? 0 : this.#bytes;
    this.#end({
      status: this.#status,
      headers: this.#headers,
      bytes,
      firstByteAt: this.#firstByteAt,
      left,
      error,
    });
  }

  #counted(write: Write): Write {
    return (chunk) => {
      this.count(chunk);
      return write(chunk);
    };
  }
}

/** A body that is counted on its way. */
class WatchedBody implements AsyncIterableIterator<Chunk> {
  readonly #iterator: Iterator<Chunk> | AsyncIterator<Chunk>;
  readonly #response: WatchedResponse;

  constructor(body: Body, response: WatchedResponse) {
    this.#iterator = iteratorOf(body);
    this.#response = response;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    try {
      const step = await this.#iterator.next();
      if (step.done === true) this.#response.end();
      else this.#response.count(step.value);
      return step;
    } catch (error) {
      return this.#response.fail(error);
    }
  }

  async return(): Promise<IteratorResult<Chunk>> {
    try {
      await this.#iterator.return?.();
    } finally {
      this.#response.end(true);
    }
    return { done: true, value: undefined };
  }
}

/** A file, which stays one: middleware outside may hand it to the web server, and closes it then. */
class WatchedFile implements FileBody {
  readonly path: string;
  readonly range: FileRange;
  readonly #body: FileBody;
  readonly #response: WatchedResponse;

  constructor(body: FileBody, response: WatchedResponse) {
    this.path = body.path;
    this.range = body.range;
    this.#body = body;
    this.#response = response;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return new WatchedBody(this.#body, this.#response) as AsyncIterator<Uint8Array>;
  }

  close(): void {
    try {
      closeOf(this.#body)?.();
    } finally {
      this.#response.end(true);
    }
  }
}
