import { describe, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { type RequestIdOptions, requestId } from "../../lib/middleware/request-id.ts";
import { call } from "../../lib/testing/call.ts";
import { between, shows } from "./between.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const inner = shows("postern.request_id", "HTTP_X_REQUEST_ID");

/** The id, which has to be the same wherever it is seen. */
async function idOf(options: RequestIdOptions, given?: string): Promise<string> {
  const headers = given === undefined ? {} : { "X-Request-Id": given };
  const response = await call(between(requestId(options), inner), "/", { headers });
  const id = response.header("X-Request-Id") ?? "";
  expect(JSON.parse(response.text)).toEqual({ "postern.request_id": id, HTTP_X_REQUEST_ID: id });
  return id;
}

test("a new one for each request, whatever it brings", async () => {
  const ids = [await idOf({}), await idOf({}, "given"), await idOf({ trust: false }, "given")];
  for (const id of ids) expect(id).toMatch(UUID);
  expect(new Set(ids).size).toBe(3);
});

describe("that of the front, when it is trusted", () => {
  test.each(["a", "0af7651916cd43dd8448eb211c80319c", "Root=1-67891233:abcdef/x+y=@~._-", "x".repeat(255)])(
    "%s is kept",
    async (given) => expect(await idOf({ trust: true }, given)).toBe(given),
  );

  test.each([undefined, "", "a b", "a\tb", 'a"b', "a<b>", "a;b", "a,b", "\xe4", "x".repeat(256), "a\\b"])(
    "%j is not",
    async (given) => expect(await idOf({ trust: true }, given)).toMatch(UUID),
  );
});

test("another header, and one's own ids", async () => {
  let count = 0;
  const app = between(requestId({ header: "X-Trace", generate: () => `id-${++count}` }), inner);
  const responses = [await call(app, "/"), await call(app, "/")];
  expect(responses.map((response) => response.header("x-trace"))).toEqual(["id-1", "id-2"]);
});

test("the application's own header stays", async () => {
  const own: Application = (_environ, startResponse) => {
    startResponse("204 No Content", [["x-request-id", "own"]]);
    return [];
  };
  const response = await call(between(requestId(), own), "/");
  expect(response.headers).toEqual([["x-request-id", "own"]]);
});

test("a header that is none is refused", () => {
  expect(() => requestId({ header: "X Id" })).toThrow(expect.objectContaining({ code: "OPTION" }));
});
