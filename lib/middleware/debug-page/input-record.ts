import { Readable } from "node:stream";
import type { Environ } from "../../gateway/types.ts";

/** As much of a body as is kept, in bytes. */
const MAX_BYTES = 16_384;

/**
 * Keeps the beginning of what the application reads from `wsgi.input`; nothing is read that it does not read.
 *
 * @returns what was read so far
 */
export function recordInput(environ: Environ): () => Buffer {
  const input = environ["wsgi.input"];
  const chunks: Buffer[] = [];
  let size = 0;
  environ["wsgi.input"] = Readable.from(
    (async function* () {
      for await (const chunk of input as AsyncIterable<Buffer>) {
        if (size < MAX_BYTES) chunks.push(Buffer.from(chunk.subarray(0, MAX_BYTES - size)));
        size += chunk.length;
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  return () => Buffer.concat(chunks);
}
