import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Body, Chunk, Environ } from "../../gateway/types.ts";
import { iteratorOf, logFailure } from "./body-kinds.ts";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The body of the application that a middleware reads or passes on. It is told once that it is left, whoever leaves it,
 * and never after its end or its error.
 */
export class HeldBody implements AsyncIterableIterator<Chunk> {
  /** It is that of a file, whose chunks come as fast as they are asked for. */
  readonly isFile: boolean;
  readonly #environ: Environ;
  readonly #iterator: Iterator<Chunk> | AsyncIterator<Chunk>;
  #first: IteratorResult<Chunk> | undefined;
  #over = false;

  constructor(environ: Environ, body: Body, isFile = false) {
    this.isFile = isFile;
    this.#environ = environ;
    this.#iterator = iteratorOf(body);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Waits for the first chunk that is not empty, the sign of an early head, or the end: from here on the head of the response is certain. The next
   * {@link next} gives what has come.
   */
  async draw(): Promise<void> {
    let step: IteratorResult<Chunk>;
    do step = await this.#step();
    while (step.done !== true && step.value?.length === 0 && step.value !== EARLY_HEAD);
    this.#first = step;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return first;
    }
    return this.#over ? DONE : this.#step();
  }

  async return(): Promise<IteratorResult<Chunk>> {
    if (!this.#over) {
      this.#over = true;
      await this.#iterator.return?.();
    }
    return DONE;
  }

  /** {@link return} for whoever has something to answer that an error of the cleaning up must not change. */
  async leave(): Promise<void> {
    try {
      await this.return();
    } catch (error) {
      logFailure(this.#environ, error);
    }
  }

  async #step(): Promise<IteratorResult<Chunk>> {
    try {
      const step = await this.#iterator.next();
      if (step.done === true) this.#over = true;
      return step;
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }
}
