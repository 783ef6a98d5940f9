import type { Readable } from "node:stream";
import type { Chunk } from "../gateway/types.ts";
import { ForwardingError } from "./forwarding-error.ts";

/** The body of a request, on its way out of `wsgi.input`. */
export class RequestInput implements AsyncIterable<Buffer> {
  readonly #source: Readable;
  #ended: boolean;
  #touched = false;
  #gathered: Buffer[] = [];

  /** @param length what the request announces; undefined when it does not say */
  constructor(source: Readable, length: string | undefined) {
    this.#source = source;
    this.#ended = length === "0";
  }

  /** There was no body, and nobody waits for one. */
  get empty(): boolean {
    return this.#ended && !this.#touched;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield* this.#gathered;
    if (!this.#ended) yield* this.#read();
  }

  /**
   * Reads all of it, and gives its length in bytes.
   *
   * @throws {ForwardingError} `LENGTH_REQUIRED` when it is longer than `maxBytes`
   */
  async gather(maxBytes: number): Promise<number> {
    let length = 0;
    for await (const chunk of this.#read()) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new ForwardingError(
          "411 Length Required",
          "LENGTH_REQUIRED",
          `a body of unknown length is longer than ${maxBytes} bytes ("maxGatheredBytes"), and the server has to know ` +
            "the length first; have the web server in front buffer it",
        );
      }
      this.#gathered.push(chunk);
    }
    return length;
  }

  /** What has not been read is not wanted. Wakes who waits for it. */
  drop(): void {
    this.#gathered = [];
    if (!this.#ended) this.#source.destroy();
  }

  async *#read(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#source as AsyncIterable<Chunk>) {
      this.#touched = true;
      yield typeof chunk === "string"
        ? Buffer.from(chunk)
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    this.#ended = true;
  }
}
