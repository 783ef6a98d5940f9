import type { Readable } from "node:stream";
import { ProtocolError } from "../errors.ts";

/**
 * All bytes of a body that nobody has begun to read. Listening costs less than an iterator, of which Node makes a generator
 * and a second look at the stream's end. A body that was read already is empty.
 *
 * @param maxBytes - what is longer rejects with what `tooLong` makes, and the rest stays unread
 */
export function wholeBody(
  input: Readable,
  maxBytes: number = Number.POSITIVE_INFINITY,
  tooLong?: () => Error,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Uint8Array | string): void => {
      const bytes = bufferOf(chunk, input.readableEncoding);
      size += bytes.length;
      if (size <= maxBytes) {
        chunks.push(bytes);
      } else {
        input.off("data", take);
        input.pause();
        reject(tooLong?.());
      }
    };
    const end = (): void => {
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, size));
    };
    const close = (): void => {
      // An error is made with its trace, which costs more than all the rest: not for a stream that closes behind its end.
      if (input.readableEnded) return;
      reject(
        input.errored ?? new ProtocolError("BODY_TRUNCATED", "the request body was closed before its end"),
      );
    };
    if (input.readableEnded) return end();
    if (input.destroyed) return close();
    input.on("data", take);
    input.on("end", end);
    input.on("error", reject);
    input.on("close", close);
    // Listening does not begin what somebody has paused.
    if (input.isPaused()) input.resume();
  });
}

/** What an application has set an encoding of gives text, and a stream of a middleware's may give bytes that are no Buffer. */
function bufferOf(chunk: Uint8Array | string, encoding: BufferEncoding | null): Buffer {
  if (typeof chunk === "string") return Buffer.from(chunk, encoding ?? "utf8");
  if (Buffer.isBuffer(chunk)) return chunk;
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}
