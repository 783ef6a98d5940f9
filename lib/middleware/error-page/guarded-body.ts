import type { Body, Chunk } from "../../gateway/types.ts";
import { closeOf, iteratorOf } from "../response-filter/body-kinds.ts";

/** A body with a word for its failure before its first chunk; later ones cut the response as ever. */
export class GuardedBody implements AsyncIterableIterator<Chunk> {
  #iterator: Iterator<Chunk> | AsyncIterator<Chunk>;
  readonly #failed: (error: unknown) => Body | Promise<Body>;
  #over = false;

  constructor(body: Body, failed: (error: unknown) => Body | Promise<Body>) {
    this.#iterator = iteratorOf(body);
    this.#failed = failed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    try {
      return await this.#iterator.next();
    } catch (error) {
      if (this.#over) throw error;
      this.#over = true;
      this.#iterator = iteratorOf(await this.#failed(error));
      return this.#iterator.next();
    }
  }

  async return(): Promise<IteratorResult<Chunk>> {
    await this.#iterator.return?.();
    return { done: true, value: undefined };
  }
}

/** An array has nothing left that fails, and a file is opened by whoever sends it. */
export function guarded(body: Body, failed: (error: unknown) => Body | Promise<Body>): Body {
  if (Array.isArray(body) || typeof body !== "object" || body === null || "path" in body) return body;
  const close = closeOf(body);
  const guardedBody = new GuardedBody(body, failed);
  return close === undefined ? guardedBody : Object.assign(guardedBody, { close });
}
