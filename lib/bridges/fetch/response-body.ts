import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Chunk } from "../../gateway/types.ts";

/** The stream of a Response as the body that a server takes. Left early, or when its client has gone, it is cancelled. */
export class ResponseBody implements AsyncIterableIterator<Chunk> {
  readonly #reader: ReadableStreamDefaultReader<Chunk>;
  readonly #signal: AbortSignal;
  /** The first chunk, while it is waited for. */
  #first: ReturnType<ReadableStreamDefaultReader<Chunk>["read"]> | undefined;
  #begun = false;
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
      if (!this.#begun && (await this.#isLate())) return { done: false, value: EARLY_HEAD };
      const reading = this.#first ?? this.#reader.read();
      this.#first = undefined;
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

  /**
   * Whether the stream has nothing to give yet, so that the head should not wait for it: of an event stream that is silent at
   * first, the client is to know that it is there. One that fails at once is still a 500.
   */
  async #isLate(): Promise<boolean> {
    this.#begun = true;
    const first = this.#reader.read();
    this.#first = first;
    const late = new Promise<boolean>((resolve) => setImmediate(resolve, true));
    return Promise.race([first.then(() => false), late]);
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
