// The body of a response that is still being written, as the gateway asks for it.

import type { Chunk } from "../../gateway/types.ts";
import type { ResponseReader } from "./response-reader.ts";

export class ResponseBody implements AsyncIterableIterator<Chunk> {
  readonly #reader: ResponseReader;
  readonly #onLeft: () => void;
  /** Lets the response write more. */
  #done: (() => void) | undefined;
  #waiting: { resolve(step: IteratorResult<Chunk>): void; reject(error: unknown): void } | undefined;
  #isOver = false;
  #isLeft = false;
  #error: { readonly error: unknown } | undefined;

  /** @param onLeft told when the gateway asks for no more */
  constructor(reader: ResponseReader, onLeft: () => void) {
    this.#reader = reader;
    this.#onLeft = onLeft;
  }

  /** What is written goes nowhere. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Pieces have come; `done` lets more come. */
  written(done: () => void): void {
    if (this.#isLeft) this.#reader.takeChunks();
    if (this.#isLeft || this.#isOver) {
      done();
      return;
    }
    this.#done = done;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const step = this.#step();
    if (step === undefined) return;
    this.#waiting = undefined;
    waiting.resolve(step);
  }

  /** The response is complete. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = { error };
    this.#wake();
  }

  /** What has come was taken; nobody asks for what comes from now on. */
  leave(): void {
    this.#isLeft = true;
    this.#release();
  }

  async next(): Promise<IteratorResult<Chunk>> {
    const step = this.#step();
    if (step !== undefined) return step;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async return(): Promise<IteratorResult<Chunk>> {
    this.leave();
    this.#onLeft();
    return { done: true, value: undefined };
  }

  /** What there is now; where there is nothing, room is made, in which more may come. */
  #step(): IteratorResult<Chunk> | undefined {
    for (;;) {
      const value = joined(this.#reader);
      if (value !== undefined) return { done: false, value };
      if (this.#error !== undefined) throw this.#error.error;
      if (this.#done !== undefined) this.#release();
      else if (this.#isOver) return { done: true, value: undefined };
      else return undefined;
    }
  }

  #release(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    if (this.#error !== undefined) waiting.reject(this.#error.error);
    else waiting.resolve({ done: true, value: undefined });
  }
}

/** Takes away all chunks as one; a head that is to be sent early goes with what follows it. */
function joined(reader: ResponseReader): Chunk | undefined {
  if (reader.chunks.length < 2) return reader.chunks.pop();
  const chunks = reader.takeChunks();
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk)));
}
