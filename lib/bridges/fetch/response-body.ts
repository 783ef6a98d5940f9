import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Body, Chunk } from "../../gateway/types.ts";

type Reading = ReturnType<ReadableStreamDefaultReader<Chunk>["read"]>;

/** The stream of a Response as the body that a server takes. Left early, or when its client has gone, it is cancelled. */
export class ResponseBody implements AsyncIterableIterator<Chunk> {
  readonly #reader: ReadableStreamDefaultReader<Chunk>;
  readonly #signal: AbortSignal;
  /** What is there and has not been asked for. */
  #ahead: IteratorResult<Chunk> | undefined;
  /** The chunk behind it, while it is waited for. */
  #next: Reading | undefined;
  #over = false;

  /** @param signal aborted when nobody takes the body any more */
  constructor(stream: ReadableStream<Chunk>, signal: AbortSignal) {
    this.#reader = stream.getReader();
    this.#signal = signal;
    // A stream that has nothing to give is waited for until the client has gone, and longer if nobody tells it.
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The whole, where the stream has no more than one chunk and that is there: the gateway sends its length. Else this, with what
   * has been read.
   *
   * @throws what a stream fails with at once, which is a 500 then
   */
  async readAhead(): Promise<Body> {
    const first = await this.#soon();
    if (first === undefined) {
      // Of an event stream that is silent at first, the client is to know that it is there.
      this.#ahead = { done: false, value: EARLY_HEAD };
      return this;
    }
    this.#next = undefined;
    if (first.done) {
      this.#end();
      return [];
    }
    const second = await this.#soon().catch(() => undefined);
    if (second?.done) {
      this.#end();
      return [first.value];
    }
    this.#ahead = { done: false, value: first.value };
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      this.#ahead = undefined;
      return ahead;
    }
    const reading = this.#next ?? this.#reader.read();
    this.#next = undefined;
    try {
      const { done, value } = await reading;
      if (!done) return { done, value };
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#end();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Chunk>> {
    await this.#cancel(undefined);
    return { done: true, value: undefined };
  }

  /** What comes next, where that is there; undefined where it is waited for. It stays `#next`. */
  async #soon(): Promise<Awaited<Reading> | undefined> {
    this.#next = this.#reader.read();
    const late = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    try {
      return await Promise.race([this.#next, late]);
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  readonly #onAbort = (): void => {
    // Its own failure to stop is nobody's to catch.
    this.#cancel(this.#signal.reason).catch(() => {});
  };

  async #cancel(reason: unknown): Promise<void> {
    if (this.#over) return;
    this.#end();
    await this.#reader.cancel(reason);
  }

  #end(): void {
    this.#over = true;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}
