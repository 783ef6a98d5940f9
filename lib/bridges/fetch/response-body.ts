import type { Chunk } from "../../gateway/types.ts";

/** The stream of a Response as the body that a server takes. Left early, or when its client has gone, it is cancelled. */
export class ResponseBody implements AsyncIterableIterator<Chunk> {
  readonly #reader: ReadableStreamDefaultReader<Chunk>;
  readonly #signal: AbortSignal;
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

  async next(): Promise<IteratorResult<Chunk>> {
    try {
      const { done, value } = await this.#reader.read();
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
