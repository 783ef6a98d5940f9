import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { ErrorStream } from "../../lib/gateway/error-stream.ts";

function collecting(): { stream: ErrorStream; lines: string[] } {
  const lines: string[] = [];
  return { lines, stream: new ErrorStream((bytes) => lines.push(bytes.toString())) };
}

test.each<[string, (stream: ErrorStream) => unknown]>([
  ["end()", (stream) => stream.end("last\n")],
  ["destroy()", (stream) => stream.destroy()],
  [
    "a pipeline that failed",
    (stream) => {
      const failing = new Readable({ read: () => failing.destroy(new Error("broken")) });
      return pipeline(failing, stream).catch(() => {});
    },
  ],
])("wsgi.errors takes lines behind %s", async (_name, leave) => {
  const { stream, lines } = collecting();
  await leave(stream);
  stream.write("still there\n");
  expect(lines.at(-1)).toBe("still there\n");
});
