import { describe, expect, test } from "vitest";
import { application, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

async function ctxOf(target: string, request: Parameters<typeof ask>[2] = {}) {
  let seen: Record<string, unknown> = {};
  const app = application([
    [
      "(.*)",
      (web: Web) => {
        const { ctx } = web;
        seen = {
          host: ctx.host,
          protocol: ctx.protocol,
          homedomain: ctx.homedomain,
          home: ctx.home,
          homepath: ctx.homepath,
          realhome: ctx.realhome,
          ip: ctx.ip,
          method: ctx.method,
          path: ctx.path,
          query: ctx.query,
          fullpath: ctx.fullpath,
          status: ctx.status,
          headers: [...ctx.headers],
          same: ctx.environ === web.environ && ctx.env === web.environ,
        };
      },
    ],
  ]);
  await ask(app, target, request);
  return seen;
}

// features.md 5.1, CX-01 to CX-13.
describe("web.ctx", () => {
  test("a plain request", async () => {
    expect(await ctxOf("/a%20b?c=d")).toEqual({
      host: "localhost:8080",
      protocol: "http",
      homedomain: "http://localhost:8080",
      home: "http://localhost:8080",
      homepath: "",
      realhome: "http://localhost:8080",
      ip: "127.0.0.1",
      method: "GET",
      path: "/a b",
      query: "?c=d",
      fullpath: "/a b?c=d",
      status: "200 OK",
      headers: [],
      same: true,
    });
  });

  test.each([
    ["https", "/", { https: true }, { protocol: "https", homedomain: "https://localhost:8080" }],
    ["no host", "/", { host: "" }, { host: "", homedomain: "http://[unknown]" }],
    ["mounted", "/x", { scriptName: "/a b" }, { homepath: "/a%20b", home: "http://localhost:8080/a%20b" }],
    ["an empty path", "", { scriptName: "/app" }, { path: "/", fullpath: "/" }],
    ["UTF-8", "/%C3%BC", {}, { path: "/ü" }],
    ["no UTF-8", "/%FC", {}, { path: "/ü" }],
    ["an empty query", "/?", {}, { query: "", fullpath: "/" }],
  ])("%s", async (_name, target, request, expected) => {
    expect(await ctxOf(target, request)).toMatchObject(expected);
  });

  test("REAL_SCRIPT_NAME of the process comes first", async () => {
    process.env["REAL_SCRIPT_NAME"] = "/real";
    try {
      expect(await ctxOf("/x", { scriptName: "/app" })).toMatchObject({ homepath: "/real" });
    } finally {
      delete process.env["REAL_SCRIPT_NAME"];
    }
  });
});

test("two requests at once never share anything", async () => {
  const waiting: (() => void)[] = [];
  const app = application([
    [
      "/(.*)",
      async (web: Web, name: string) => {
        web.state["name"] = name;
        web.header("X-Name", name);
        web.status = name === "a" ? 201 : 202;
        web.setCookie("name", name);
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length === 2) for (const go of waiting) go();
        });
        return [web.ctx.path, web.state["name"], web.ctx.status, (await web.input({ q: "" })).q, web.params];
      },
    ],
  ]);
  const [a, b] = await Promise.all([ask(app, "/a?q=1"), ask(app, "/b?q=2", { data: "x=1" })]);
  expect([a?.status, a?.header("X-Name"), a?.text]).toEqual([201, "a", '["/a","a","201 Created","1",{}]']);
  expect([b?.status, b?.header("X-Name"), b?.text]).toEqual([202, "b", '["/b","b","202 Accepted","2",{}]']);
  expect(b?.headers.filter(([name]) => name === "Set-Cookie")).toHaveLength(1);
});

test("request headers, in any case", async () => {
  const app = application([
    [
      "/",
      (web: Web) =>
        ["x-one", "Content-Type", "No", "Referer", "Referrer"].map((name) => web.requestHeader(name)),
    ],
  ]);
  const headers = { "X-One": "1", "content-type": "text/x", Referer: "http://a/" };
  const response = await ask(app, "/", { data: "{}", headers });
  expect(JSON.parse(response.text)).toEqual(["1", "text/x", null, "http://a/", "http://a/"]);
});

test("changeQuery() keeps the other fields", async () => {
  const app = application([
    ["/(.*)", (web: Web) => web.changeQuery({ page: 2, old: null, tags: ["x", "y"] })],
  ]);
  expect((await ask(app, "/p?q=a%20b&page=1&old=1&tags=z", { scriptName: "/app" })).text).toBe(
    "/app/p?q=a+b&page=2&tags=x&tags=y",
  );
});
