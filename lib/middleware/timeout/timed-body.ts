import type { Body, Chunk } from "../../gateway/types.ts";
import type { TimedResponse } from "./timed-response.ts";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** A body each of whose chunks has to come in time. */
export class TimedBody implements AsyncIterableIterator<Chunk> {
  readonly #response: TimedResponse;
  readonly #body: Body;
  readonly #iterator: Iterator<Chunk> | AsyncIterator<Chunk>;
  /** What is answered in the body's place. */
  #answer: Iterator<Chunk> | undefined;
  /** The application's next chunk, which nobody waits for any more. */
  #abandoned: Promise<void> | undefined;

  constructor(response: TimedResponse, body: Body) {
    this.#response = response;
    this.#body = body;
    this.#iterator = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    if (this.#answer !== undefined) return this.#answer.next();
    if (this.#response.late) {
      // Between two chunks: nothing is on its way, and the body can be told at once.
      this.#abandoned = this.#leave().catch((error: unknown) => this.#response.logLate(error));
      return this.#giveUp();
    }
    let step: IteratorResult<Chunk> | undefined;
    const coming = Promise.resolve().then(() => this.#iterator.next());
    try {
      step = await this.#response.inTime(coming);
    } catch (error) {
      this.#response.end();
      throw error;
    }
    if (step === undefined) {
      this.#abandoned = coming
        .then((late) => (late.done === true ? undefined : this.#leave()))
        .catch((error: unknown) => this.#response.logLate(error));
      return this.#giveUp();
    }
    if (step.done === true) this.#response.end();
    else if (step.value.length > 0) this.#response.begin();
    return step;
  }

  async return(): Promise<IteratorResult<Chunk>> {
    this.#response.end();
    if (this.#abandoned === undefined) await this.#leave();
    return DONE;
  }

  /** PEP 3333's `close()`, which has to wait for the application's last word. */
  closeInner(): void {
    const { close } = this.#body as { close?: unknown };
    if (typeof close !== "function") return;
    if (this.#abandoned === undefined) close.call(this.#body);
    else
      this.#abandoned
        .then(() => close.call(this.#body))
        .catch((error: unknown) => this.#response.logLate(error));
  }

  async #leave(): Promise<void> {
    await this.#iterator.return?.();
  }

  #giveUp(): IteratorResult<Chunk> {
    const answer = this.#response.answer() as Iterable<Chunk>;
    this.#answer = answer[Symbol.iterator]();
    return this.#answer.next();
  }
}
