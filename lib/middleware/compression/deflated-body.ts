import type { BrotliCompress, Gzip } from "node:zlib";
import type { Body } from "../../gateway/types.ts";
import type { Compressor } from "./compressor.ts";

/**
 * A body on its way through zlib: its next chunk is asked for when what came of the one before has been taken.
 *
 * @param flush gives what has come of each chunk at once
 */
export async function* deflatedBody(
  body: Body,
  compressor: Compressor,
  flush: boolean,
): AsyncGenerator<Uint8Array> {
  const stream = compressor.stream();
  const output = new Output(stream);
  try {
    for await (const chunk of body) {
      if (chunk.length === 0) continue;
      yield* output.of((done) => {
        stream.write(chunk, flush ? undefined : done);
        if (flush) stream.flush(compressor.flushKind, done);
      });
    }
    // A stream of zlib finishes before its last bytes have come.
    yield* output.of((done) => stream.once("end", done).end());
  } finally {
    // Frees zlib's memory now and not when it is collected, on every path.
    stream.destroy();
  }
}

/** What comes out of a stream of zlib while something goes in. */
class Output {
  readonly #stream: BrotliCompress | Gzip;
  #error: Error | undefined;
  #wake = (): void => {};

  constructor(stream: BrotliCompress | Gzip) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
  }

  /** @param start is called with what says that all of it has gone in, which it does not while much waits to be read */
  async *of(start: (done: () => void) => void): AsyncGenerator<Uint8Array> {
    let isIn = false;
    start(() => {
      isIn = true;
      this.#wake();
    });
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const piece: Buffer | null = this.#stream.read();
      if (piece !== null) yield piece;
      else if (isIn) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
