import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { application, mount, type Web } from "../../lib/index.ts";
import { call } from "../../lib/testing/call.ts";
import { ask } from "./ask.ts";

const TEXT = [["Content-Type", "text/plain"]] as const;

/** Says where it is. */
const place: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${environ.QUERY_STRING}`];
};

const mounted = (foreign: Application) => application([["/in", mount(foreign)]]);

describe("a gateway application as a target", () => {
  const app = application([
    ["/blog/", mount(place)],
    ["/é", mount(place)],
    ["/users/:id", application([["/files", mount(place)]])],
    ["/(.*)", (_web, rest) => `outer ${rest}`],
  ]);

  test.each([
    ["/blog", "/app/blog||"],
    ["/blog/", "/app/blog|/|"],
    ["/blog/a%20b/c?x=1", "/app/blog|/a b/c|x=1"],
    ["/%C3%A9/%C3%BC", "/app/\u00c3\u00a9|/\u00c3\u00bc|"],
    ["/users/7/files/x", "/app/users/7/files|/x|"],
    ["/blogger", "outer blogger"],
  ])("%s", async (path, expected) => {
    expect((await ask(app, path, { scriptName: "/app" })).text).toBe(expected);
  });

  test("its name is in the list of routes", async () => {
    expect(await app.routes()).toContainEqual({ pattern: "/blog/", methods: [], target: "place" });
  });
});

describe("its response is its own", () => {
  test("status with its reason, several cookies, a page for 404", async () => {
    const app = mounted((_environ, startResponse) => {
      startResponse("404 Not here, sorry", [...TEXT, ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]);
      return ["its page"];
    });
    app.notFound = () => "the outer page";
    const response = await ask(app, "/in");
    expect([response.status, response.reason, response.text]).toEqual([404, "Not here, sorry", "its page"]);
    expect(response.headers.filter(([name]) => name === "Set-Cookie").map(([, value]) => value)).toEqual([
      "a=1",
      "b=2",
    ]);
  });

  test.each<[string, Application, string]>([
    [
      "a generator",
      async function* (_environ, startResponse) {
        startResponse("200 OK", TEXT);
        yield "one ";
        await Promise.resolve();
        yield Buffer.from("two");
      },
      "one two",
    ],
    [
      "write()",
      async (_environ, startResponse) => {
        const write = startResponse("200 OK", TEXT);
        await write("written ");
        return ["returned"];
      },
      "written returned",
    ],
    [
      "a second head in the place of the first",
      function* (_environ, startResponse) {
        startResponse("500 Internal Server Error", TEXT);
        yield "";
        startResponse("200 OK", TEXT, new Error("changed its mind"));
        yield "second";
      },
      "second",
    ],
    [
      "a large one",
      function* (_environ, startResponse) {
        startResponse("200 OK", TEXT);
        for (let piece = 0; piece < 50; piece++) yield "x".repeat(10_000);
      },
      "x".repeat(500_000),
    ],
    [
      "an empty one",
      (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return [];
      },
      "",
    ],
  ])("%s", async (_, foreign, text) => {
    expect(await ask(mounted(foreign), "/in")).toMatchObject({ status: 200, reason: "OK", text, cut: false });
  });

  test("HEAD has no body", async () => {
    const response = await ask(mounted(place), "/in", { method: "HEAD" });
    expect([response.status, response.text, response.header("Content-Type")]).toEqual([
      200,
      "",
      "text/plain",
    ]);
  });

  test("it reads the request's body", async () => {
    const app = mounted(async (environ, startResponse) => {
      const chunks: Buffer[] = [];
      for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
      startResponse("200 OK", TEXT);
      return chunks;
    });
    expect((await ask(app, "/in", { data: "a body" })).text).toBe("a body");
  });
});

describe("the application around it", () => {
  test("its processors wrap the request, its headers and cookies are added", async () => {
    const app = mounted(place);
    app.use((web: Web, next) => {
      web.header("X-Frame-Options", "DENY");
      web.setCookie("seen", "1");
      return next();
    });
    const response = await ask(app, "/in/x");
    expect(response.text).toBe("/in|/x|");
    expect(response.header("X-Frame-Options")).toBe("DENY");
    expect(response.header("Set-Cookie")).toMatch(/^seen=1/);
  });

  test("a processor may keep a request from it", async () => {
    let called = false;
    const app = mounted((environ, startResponse) => {
      called = true;
      return place(environ, startResponse);
    });
    app.use(() => "not today");
    expect((await ask(app, "/in")).text).toBe("not today");
    expect(called).toBe(false);
  });

  test("refuses unsafe methods from other origins, unless it is told not to", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site" };
    expect((await ask(mounted(place), "/in", { method: "POST", headers })).status).toBe(403);
    const open = application([["/in", mount(place)]], { checkOrigin: false });
    expect((await ask(open, "/in", { method: "POST", headers })).status).toBe(200);
  });
});

describe("an application that fails", () => {
  const failing = mounted(() => {
    throw new Error("hidden");
  });

  test("before its response: a 500, or the outer application's page", async () => {
    const plain = await ask(failing, "/in");
    expect([plain.status, plain.text.includes("hidden")]).toEqual([500, false]);
    expect(plain.errors).toContain("hidden");
    failing.internalError = () => "our page";
    expect(await ask(failing, "/in")).toMatchObject({ status: 500, text: "our page" });
  });

  test("behind its first chunk: the response is cut", async () => {
    const app = mounted(async function* (_environ, startResponse) {
      startResponse("200 OK", TEXT);
      yield "begun";
      await Promise.resolve();
      throw new Error("hidden");
    });
    const response = await ask(app, "/in");
    expect(response).toMatchObject({ text: "begun", cut: true });
    expect(response.errors).toContain("hidden");
  });

  test("because of its client: that keeps its status", async () => {
    const app = mounted(() => {
      throw new ProtocolError("BODY_TOO_LARGE", "too large");
    });
    expect((await ask(app, "/in")).status).toBe(413);
  });
});

test("a body that is left is told so", async () => {
  let left: () => void = () => {};
  const cleaned = new Promise<void>((resolve) => {
    left = resolve;
  });
  const client = new AbortController();
  const app = mounted(async function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    try {
      yield "begun";
      client.abort();
      for (;;) yield "more";
    } finally {
      left();
    }
  });
  await call(app, "/in", { signal: client.signal });
  await cleaned;
});

test("one that is not waited for holds its chunks back", async () => {
  let made = 0;
  const app = mounted(function* (_environ, startResponse) {
    startResponse("200 OK", TEXT);
    for (; made < 1_000; made++) yield Buffer.alloc(10_000);
  });
  let environ: Parameters<Application>[0] | undefined;
  await call((given, startResponse) => {
    environ = given;
    return place(given, startResponse);
  }, "/in");
  if (environ === undefined) throw new Error("there is no environ");
  const body = (await app(environ, () => async () => {})) as AsyncIterable<Buffer>;
  const iterator = body[Symbol.asyncIterator]();
  await iterator.next();
  await new Promise(setImmediate);
  expect(made).toBeLessThan(20);
  await iterator.return?.();
});

test("two chunks that are written at once are both waited for", async () => {
  const twice: Application = async (_environ, startResponse) => {
    const write = startResponse("200 OK", TEXT);
    await Promise.all([write("x".repeat(70_000)), write("y".repeat(70_000))]);
    return ["end"];
  };
  expect((await call(mounted(twice), "/in")).text).toHaveLength(140_003);
});
