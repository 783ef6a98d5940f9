// A request's body as the stream that a Request has.

import type { Readable } from "node:stream";

/** Reads on when somebody asks for a chunk, and not before. Cancelled, it leaves the rest of the body unread. */
export function bodyStream(input: Readable): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Buffer> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= input[Symbol.asyncIterator]();
        const step = await chunks.next();
        if (step.done === true) controller.close();
        // Bytes and no Buffer, whose methods differ from those that such a chunk has anywhere else.
        else controller.enqueue(new Uint8Array(step.value.buffer, step.value.byteOffset, step.value.length));
      },
      cancel() {
        // Nobody asks for the rest any more, nor for the error that this may be for Node.
        input.on("error", () => {});
        input.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
