import { ApplicationError } from "../../errors.ts";
import { checkHead } from "../../gateway/head.ts";
import type { Body, Chunk, Environ, Headers, StartResponse, Write } from "../../gateway/types.ts";
import { closeOf, isFileBody, isIterable, isPromise, iteratorOf, logFailure } from "./body-kinds.ts";
import { HeaderList } from "./header-list.ts";
import { HeldBody } from "./held-body.ts";

/** The head of a response that has not been passed on: what a filter looks at and changes. */
export interface ResponseHead {
  readonly environ: Environ;
  /** Code and reason, such as `200 OK`. */
  status: string;
  /** The number that `status` begins with. */
  readonly code: number;
  readonly headers: HeaderList;
}

/** What a filter gives for a file that it reads: it is asked once more when the first chunk is there. */
export const DRAW_FIRST = Symbol("draw first");

/** See `filterResponse`. */
export type ResponseFilter = (head: ResponseHead, body: Body) => Body | typeof DRAW_FIRST | Promise<Body>;

/** One response between an application and whoever called the middleware. */
export class FilteredResponse implements ResponseHead {
  readonly environ: Environ;
  status = "";
  headers = new HeaderList([]);
  readonly #filter: ResponseFilter;
  readonly #written: ((head: ResponseHead) => void) | undefined;
  readonly #outer: StartResponse;
  #outerWrite: Write | undefined;
  #error: unknown;
  #passedOn = false;
  /** The body that goes out is the application's own. */
  #isBodyKept = false;

  constructor(
    environ: Environ,
    outer: StartResponse,
    filter: ResponseFilter,
    written: ((head: ResponseHead) => void) | undefined,
  ) {
    this.environ = environ;
    this.#outer = outer;
    this.#filter = filter;
    this.#written = written;
  }

  get code(): number {
    return Number(this.status.slice(0, 3));
  }

  /** Checks the head as the server will, so that an application finds its fault where it is. */
  readonly startResponse: StartResponse = (status, headers, error) => {
    if (error !== undefined && error !== null) {
      if (this.#passedOn) {
        if (!this.#isBodyKept) throw error;
        // A file that cannot be opened: its body was left as it is, and the head may not be sent yet.
        return this.#outer(status, headers, error);
      }
      this.#error = error;
    } else if (this.#isStarted) {
      throw new ApplicationError(
        "START_RESPONSE_TWICE",
        "startResponse was called twice; pass the error that is the reason",
      );
    }
    this.#setHead(status, headers);
    return this.#write;
  };

  /** What the application returned, in its turn through the filter. */
  take(body: Body): Body | Promise<Body> {
    // The server has a word about a body that is none, and about one without a head.
    if (this.#passedOn || !isIterable(body)) return body;
    if (Array.isArray(body)) return this.#isStarted ? this.#takeWhole(body) : body;
    if (this.#isStarted && isFileBody(body)) return this.#takeWhole(body);
    return this.#draw(body, false);
  }

  /** Decides about a body that has been drawn. */
  async takeDrawn(body: HeldBody): Promise<Body> {
    if (this.#passedOn || !this.#isStarted) return body;
    const filtered = await this.#filter(this, body);
    this.#passOn();
    return filtered === DRAW_FIRST ? body : filtered;
  }

  #draw(body: Body, isFile: boolean): Body {
    const close = closeOf(body);
    const filtered = new FilteredBody(this, new HeldBody(this.environ, body, isFile));
    return close === undefined ? filtered : Object.assign(filtered, { close });
  }

  /** An array, or a file: neither calls startResponse any more. */
  #takeWhole(body: Body): Body | Promise<Body> {
    try {
      const filtered = this.#filter(this, body);
      if (filtered === DRAW_FIRST) return this.#draw(body, true);
      if (!isPromise(filtered)) return this.#replace(body, filtered);
      return filtered
        .then((settled) => this.#replace(body, settled))
        .catch((error: unknown) => this.#drop(body, error));
    } catch (error) {
      return this.#drop(body, error);
    }
  }

  #replace(body: Body, filtered: Body): Body {
    this.#passOn();
    this.#isBodyKept = filtered === body;
    if (this.#isBodyKept) return filtered;
    const close = closeOf(body);
    if (close === undefined) return filtered;
    if (!Array.isArray(filtered)) return new ClosingBody(filtered, close);
    this.#close(close);
    return filtered;
  }

  #drop(body: Body, error: unknown): never {
    const close = closeOf(body);
    if (close !== undefined) this.#close(close);
    throw error;
  }

  #close(close: () => void): void {
    try {
      close();
    } catch (error) {
      logFailure(this.environ, error);
    }
  }

  get #isStarted(): boolean {
    return this.status !== "";
  }

  #setHead(status: string, headers: Headers): void {
    const checked = checkHead(status, headers);
    this.status = checked.status;
    this.headers = new HeaderList(checked.headers);
  }

  #passOn(): void {
    this.#passedOn = true;
    this.#outerWrite = this.#outer(this.status, this.headers.list, this.#error);
  }

  /** What is written goes out at once, so that there is no body to be filtered. */
  readonly #write: Write = (chunk: Chunk) => {
    try {
      if (!this.#passedOn && chunk?.length !== 0) {
        this.#written?.(this);
        this.#passOn();
      }
      return this.#outerWrite?.(chunk) ?? Promise.resolve();
    } catch (error) {
      const failed = Promise.reject(error);
      // An application need not wait for a chunk.
      failed.catch(() => {});
      return failed;
    }
  };
}

/** A body whose filter is asked once its first chunk has come. */
class FilteredBody implements AsyncIterableIterator<Chunk> {
  readonly #response: FilteredResponse;
  readonly #held: HeldBody;
  #current: Iterator<Chunk> | AsyncIterator<Chunk> | undefined;

  constructor(response: FilteredResponse, held: HeldBody) {
    this.#response = response;
    this.#held = held;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Chunk>> {
    return this.#current === this.#held ? this.#held.next() : this.#advance();
  }

  async #advance(): Promise<IteratorResult<Chunk>> {
    try {
      this.#current ??= await this.#begin();
      const step = await this.#current.next();
      // A filter may have put something else in the body's place.
      if (step.done === true) await this.#held.leave();
      return step;
    } catch (error) {
      // Whoever gets an error does not call return() any more.
      await this.#held.leave();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Chunk>> {
    try {
      await this.#current?.return?.();
    } finally {
      await this.#held.return();
    }
    return { done: true, value: undefined };
  }

  async #begin(): Promise<Iterator<Chunk> | AsyncIterator<Chunk>> {
    await this.#held.draw();
    return iteratorOf(await this.#response.takeDrawn(this.#held));
  }
}

/** What a filter put in the place of a body that wants to be closed. */
class ClosingBody implements AsyncIterable<Chunk> {
  readonly #body: Body;
  readonly #close: () => void;

  constructor(body: Body, close: () => void) {
    this.#body = body;
    this.#close = close;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk> {
    yield* this.#body;
  }

  close(): void {
    try {
      closeOf(this.#body)?.();
    } finally {
      this.#close();
    }
  }
}
