import type { Body, Chunk, FileBody, FileRange } from "../gateway/types.ts";

type Step = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

interface AnyIterator {
  next(): Step;
  return?(): unknown;
}

/** A body whose first chunk is there already, so that an error before it can still change the response. */
export class StreamedBody implements AsyncIterableIterator<Chunk> {
  readonly #iterator: AnyIterator;
  readonly #end: () => Promise<void>;
  #first: IteratorResult<unknown> | undefined;
  #ended = false;

  private constructor(iterator: AnyIterator, first: IteratorResult<unknown>, end: () => Promise<void>) {
    this.#iterator = iterator;
    this.#first = first;
    this.#end = end;
  }

  /** @param end - called once: after the last chunk, after an error, or when the body is left early */
  static async start(
    source: Iterable<unknown> | AsyncIterable<unknown>,
    end: () => Promise<void>,
  ): Promise<StreamedBody> {
    const iterator: AnyIterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    return new StreamedBody(iterator, await iterator.next(), end);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    const first = this.#first;
    this.#first = undefined;
    try {
      const step = this.#ended ? DONE : (first ?? (await this.#iterator.next()));
      // The gateway checks that chunks are strings or bytes.
      if (!step.done) return step as IteratorResult<Chunk>;
    } catch (error) {
      await this.#finish();
      throw error;
    }
    await this.#finish();
    return DONE;
  }

  async return(): Promise<IteratorResult<Chunk>> {
    if (!this.#ended) {
      try {
        await this.#iterator.return?.();
      } finally {
        await this.#finish();
      }
    }
    return DONE;
  }

  async #finish(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#end();
  }
}

/** A file as body, with something to do after its last chunk. */
export class EndedFileBody implements FileBody {
  readonly path: string;
  readonly range: FileRange;
  readonly #body: FileBody;
  readonly #end: () => Promise<void>;
  readonly #log: (error: unknown) => void;
  #ended = false;

  /**
   * @param end - called once
   * @param log - takes what went wrong in it where nobody waits for the file any more
   */
  constructor(body: FileBody, end: () => Promise<void>, log: (error: unknown) => void) {
    this.path = body.path;
    this.range = body.range;
    this.#body = body;
    this.#end = end;
    this.#log = log;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#body;
    } finally {
      await this.#finish();
    }
  }

  /** Called by whoever sends no chunk of it, as where the web server sends the file. */
  close(): void {
    this.#finish().catch(this.#log);
  }

  async #finish(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#end();
  }
}

export function isFileBody(body: object): body is FileBody {
  return "path" in body && typeof body.path === "string" && "range" in body && Symbol.asyncIterator in body;
}

/** Lets a body go that is not sent. */
export async function abandon(body: Body): Promise<void> {
  if (body instanceof StreamedBody) await body.return();
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
