import { expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { type RuntimeOptions, runtime } from "../../lib/middleware/runtime.ts";
import { call } from "../../lib/testing/call.ts";
import { between } from "./between.ts";

const MS = 30;

function ask(options: RuntimeOptions | undefined, headers: [string, string][] = []) {
  const slow: Application = async (_environ, startResponse) => {
    await new Promise((resolve) => setTimeout(resolve, MS));
    startResponse("204 No Content", headers);
    return [];
  };
  return call(between(runtime(options), slow), "/");
}

test("seconds, as Rack has them", async () => {
  const value = (await ask(undefined)).header("X-Runtime");
  expect(value).toMatch(/^\d+\.\d{6}$/);
  // A timer may fire a little early.
  expect(Number(value)).toBeGreaterThan((MS - 2) / 1_000);
});

test("milliseconds, as browsers show them", async () => {
  const value = (await ask({ header: "Server-Timing" })).header("Server-Timing");
  const [, ms] = /^total;dur=(\d+\.\d{3})$/.exec(value ?? "") ?? [];
  expect(Number(ms)).toBeGreaterThan(MS - 2);
});

test("several stand side by side", async () => {
  expect((await ask({ name: "Inner" })).header("X-Runtime-Inner")).toBeDefined();
  expect((await ask(undefined, [["x-runtime", "0.1"]])).headers).toEqual([["x-runtime", "0.1"]]);
  const timed = await ask({ header: "Server-Timing", name: "app" }, [["Server-Timing", "db;dur=1"]]);
  expect(timed.headers.map(([, value]) => value.split(";")[0])).toEqual(["db", "app"]);
});

test.each([{ header: "X-Time" }, { name: "a b" }])("%j is refused", (options) => {
  expect(() => runtime(options as RuntimeOptions)).toThrow(expect.objectContaining({ code: "OPTION" }));
});
