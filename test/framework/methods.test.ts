import { describe, expect, test } from "vitest";
import { application, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

let calls = 0;

class Page {
  constructor() {
    calls++;
  }
  GET() {
    return "page";
  }
  PATCH() {
    return "patched";
  }
  secret(): string {
    throw new Error("called by the wire's word");
  }
}

const own = {
  HEAD: (web: Web) => web.header("X-Own", "head"),
  OPTIONS: () => "mine",
  DELETE: () => "gone",
};

const app = application([
  ["/", Page],
  ["/own", own],
  ["/function", (web) => web.method],
]);

describe("methods", () => {
  const allow = "GET, HEAD, PATCH, OPTIONS";
  test.each([
    ["GET", "/", 200, "page", undefined],
    ["PATCH", "/", 200, "patched", undefined],
    ["HEAD", "/", 200, "", undefined],
    ["OPTIONS", "/", 204, "", allow],
    ["POST", "/", 405, "method not allowed", allow],
    ["DELETE", "/", 405, "method not allowed", allow],
    ["TRACE", "/", 405, "method not allowed", allow],
    ["CONNECT", "/", 405, "method not allowed", allow],
    ["GET", "/own", 405, "method not allowed", "HEAD, DELETE, OPTIONS"],
    ["OPTIONS", "/own", 200, "mine", undefined],
    ["DELETE", "/own", 200, "gone", undefined],
    ["PUT", "/function", 200, "PUT", undefined],
  ])("%s %s → %i", async (method, path, status, text, allowed) => {
    const response = await ask(app, path, { method });
    expect([response.status, response.text, response.header("Allow")]).toEqual([status, text, allowed]);
  });

  test.each([
    "constructor",
    "__proto__",
    "secret",
    "toString",
    "hasOwnProperty",
    "get",
    "Get",
    "BREW",
    "PROPFIND",
  ])("%s is no method: 501, and nothing is called", async (method) => {
    calls = 0;
    for (const path of ["/", "/own", "/function", "/nowhere"]) {
      const response = await ask(app, path, { method });
      expect([response.status, response.text]).toEqual([501, "not implemented"]);
    }
    expect(calls).toBe(0);
  });

  test("a handler of its own comes before GET", async () => {
    expect((await ask(app, "/own", { method: "HEAD" })).header("X-Own")).toBe("head");
  });

  test("an instance is made for each request", async () => {
    class Counter {
      #count = 0;
      readonly path: string;
      constructor(web: Web) {
        this.path = web.ctx.path;
      }
      GET() {
        return `${this.path} ${++this.#count}`;
      }
    }
    const counting = application([["/(.*)", Counter]]);
    expect((await ask(counting, "/a")).text).toBe("/a 1");
    expect((await ask(counting, "/b")).text).toBe("/b 1");
  });

  test("a class whose handlers are fields or inherited", async () => {
    class Fields {
      GET = () => "field";
    }
    class Child extends Page {}
    const both = application([
      ["/fields", Fields],
      ["/child", Child],
    ]);
    expect((await ask(both, "/fields")).text).toBe("field");
    expect((await ask(both, "/child")).text).toBe("page");
  });
});
