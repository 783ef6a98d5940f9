import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { bodyLimit } from "../../lib/middleware/body-limit.ts";
import { call } from "../../lib/testing/call.ts";
import { between, says } from "./between.ts";

let read = 0;

/** Answers with the size of the body. */
const counts: Application = async (environ, startResponse) => {
  read = 0;
  for await (const chunk of environ["wsgi.input"] as AsyncIterable<Buffer>) read += chunk.length;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [String(read)];
};
const app = between(bodyLimit({ maxBytes: 10 }), counts);

async function* pieces(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

test.each([
  ["", 200],
  ["0123456789", 200],
  ["0123456789a", 413],
])("a body of known length, %j, gets %d", async (body, status) => {
  read = -1;
  const response = await call(app, "/", { method: "POST", body });
  expect([response.status, response.errors]).toEqual([status, ""]);
  // One that says it is too long is not begun.
  expect(read).toBe(status === 200 ? body.length : -1);
});

test.each([
  [[4, 6], 200, 10],
  [[4, 6, 1], 413, 10],
  [[11], 413, 0],
  [[], 200, 0],
])("one of unknown length, in pieces of %j, gets %d", async (sizes, status, bytes) => {
  const response = await call(app, "/", { method: "POST", body: pieces(...sizes) });
  expect([response.status, response.errors, read]).toEqual([status, "", bytes]);
});

test("none at all", async () => {
  const none = between(bodyLimit({ maxBytes: 0 }), counts);
  expect((await call(none, "/", { method: "POST", body: "x" })).status).toBe(413);
  expect((await call(none, "/")).status).toBe(200);
});

test("limits inside of limits", async () => {
  const both = between(bodyLimit({ maxBytes: 20 }), bodyLimit({ maxBytes: 10 })(counts));
  expect((await call(both, "/", { method: "POST", body: pieces(4, 6) })).text).toBe("10");
  expect((await call(both, "/", { method: "POST", body: pieces(4, 7) })).status).toBe(413);
  const limit = bodyLimit({ maxBytes: 10 });
  expect(
    (await call(between(limit, limit(counts)), "/", { method: "POST", body: pieces(4, 7) })).status,
  ).toBe(413);
});

test("an unread body is not touched", async () => {
  let begun = false;
  const body = (async function* () {
    begun = true;
    yield new Uint8Array(11);
  })();
  const response = await call(bodyLimit({ maxBytes: 10 })(says("done")), "/", { method: "POST", body });
  expect([response.text, begun]).toEqual(["done", false]);
});

test.each([-1, Number.NaN, "10"])("%j is refused", (maxBytes) => {
  expect(() => bodyLimit({ maxBytes: maxBytes as number })).toThrow(
    expect.objectContaining({ code: "OPTION" }),
  );
});

test("an application that pipes the body and does not listen for errors is not ended by its client", async () => {
  const piping: Application = (environ, startResponse) => {
    environ["wsgi.input"].pipe(new PassThrough());
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return (async function* () {
      await new Promise((resolve) => environ["wsgi.input"].on("close", resolve));
      yield "on";
    })();
  };
  const response = await call(bodyLimit({ maxBytes: 3 })(piping), "/", {
    method: "POST",
    body: pieces(2, 5),
  });
  expect(response.text).toBe("on");
});
