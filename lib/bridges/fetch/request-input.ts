import { Readable } from "node:stream";

/** `wsgi.input` of a Request: its body, which is not touched before the application asks for it. */
export class RequestInput extends Readable {
  readonly #request: Request;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(request: Request) {
    super();
    this.#request = request;
  }

  override _read(): void {
    this.#next().then(
      (chunk) => this.push(chunk),
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // Whoever sends the body may fail to stop; that is its own business.
    this.#reader?.cancel(error).catch(() => {});
    // An application that has left its input must not be ended by an error in it.
    this.on("error", () => {});
    done(error);
  }

  /** The next bytes; null at the end. */
  async #next(): Promise<Buffer | null> {
    this.#reader ??= this.#request.body?.getReader();
    if (this.#reader === undefined) return null;
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      // Node calls _read() again for bytes, and not for none.
      if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.length);
    }
  }
}
