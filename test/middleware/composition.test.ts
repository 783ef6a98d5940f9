// What puts applications and middleware together: pipeline, when, mount, cascade.

import { describe, expect, test } from "vitest";
import type { Application, Environ, Middleware } from "../../lib/gateway/types.ts";
import { type CascadeOptions, cascade } from "../../lib/middleware/cascade.ts";
import { mount } from "../../lib/middleware/mount.ts";
import { pipeline } from "../../lib/middleware/pipeline.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { when } from "../../lib/middleware/when.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";

const PLAIN = [["Content-Type", "text/plain"]] as const;
const OPTION = expect.objectContaining({ name: "GatewayError", code: "OPTION" });

function answering(text: string, status = "200 OK"): Application {
  return validate((environ, startResponse) => {
    startResponse(status, PLAIN);
    return [`${text} ${environ.SCRIPT_NAME}|${environ.PATH_INFO}`];
  });
}

function marking(name: string): Middleware {
  return (application) => (environ, startResponse) =>
    application(environ, (status, headers, error) =>
      startResponse(status, [...headers, ["X-Mark", name]], error),
    );
}

function ask(application: Application, target: string, request: CallRequest = {}) {
  return call(validate(application), target, request);
}

async function marksOf(application: Application, target: string) {
  const { headers } = await ask(application, target);
  return headers.filter(([name]) => name === "X-Mark").map(([, value]) => value);
}

/** What an application returns by itself: a promise would cost every array one. */
function returned(application: Application, changes: Record<string, unknown> = {}) {
  const { environ } = testEnviron(changes);
  return application(environ, () => async () => {});
}

describe("pipeline", () => {
  test("the first is the outermost", async () => {
    const app = pipeline([marking("outer"), marking("inner")], answering("x"));
    expect(await marksOf(app, "/")).toEqual(["inner", "outer"]);
    expect(returned(app)).toBeInstanceOf(Array);
  });

  test("without middleware it is the application", () => {
    const application = answering("x");
    expect(pipeline([], application)).toBe(application);
  });

  test.each<[string, unknown[], unknown]>([
    ["middleware", [undefined], answering("x")],
    ["the application", [], {}],
  ])("%s that is no function: the start fails", (_what, middleware, application) => {
    expect(() => pipeline(middleware as Middleware[], application as Application)).toThrow(OPTION);
  });
});

describe("when", () => {
  const isApi = (environ: Environ) => environ.PATH_INFO.startsWith("/api/");

  test("wraps the requests that it is for", async () => {
    const app = when(isApi, marking("api"))(answering("x"));
    expect(await marksOf(app, "/api/x")).toEqual(["api"]);
    expect(await marksOf(app, "/x")).toEqual([]);
    expect(returned(app)).toBeInstanceOf(Array);
  });

  test("wraps once, when the application is put together", async () => {
    let wrapped = 0;
    const app = when(isApi, (application) => {
      wrapped++;
      return application;
    })(answering("x"));
    await ask(app, "/api/x");
    await ask(app, "/api/x");
    expect(wrapped).toBe(1);
  });

  test("waits for a promise", async () => {
    const app = when(async (environ) => isApi(environ), marking("api"))(answering("x"));
    expect(await marksOf(app, "/api/x")).toEqual(["api"]);
    expect(await marksOf(app, "/x")).toEqual([]);
  });

  test("an error of the predicate is a 500", async () => {
    const app = when(() => {
      throw new Error("broken");
    }, marking("x"))(answering("x"));
    expect((await call(app, "/")).status).toBe(500);
  });
});

describe("mount", () => {
  const app = mount({
    "/": answering("root"),
    "/blog": answering("blog"),
    "/blog/old/": answering("old"),
    "/gr\u00fc\u00df": answering("greeting"),
    "//Example.org": answering("example"),
    "//example.org/blog": answering("example blog"),
    "//example.org:8443/": answering("port"),
  });

  test.each<[string, string, string]>([
    ["localhost", "/", "root |/"],
    ["localhost", "/x", "root |/x"],
    ["localhost", "/blog", "blog /blog|"],
    ["localhost", "/blog/", "blog /blog|/"],
    ["localhost", "/blog/2026", "blog /blog|/2026"],
    ["localhost", "/blogs", "root |/blogs"],
    ["localhost", "/blog/old", "old /blog/old|"],
    ["localhost", "/blog/old/x", "old /blog/old|/x"],
    ["example.org", "/", "example |/"],
    ["EXAMPLE.org:8080", "/x", "example |/x"],
    ["example.org", "/blog/x", "example blog /blog|/x"],
    // The host counts first: the longest path among its own.
    ["example.org", "/blog/old/x", "example blog /blog|/old/x"],
    ["example.org:8443", "/", "port |/"],
    ["not-example.org", "/", "root |/"],
  ])("%s%s", async (host, target, expected) => {
    expect((await ask(app, target, { host })).text).toBe(expected);
  });

  test("below another mount", async () => {
    const response = await ask(app, "/blog/x", { scriptName: "/site" });
    expect(response.text).toBe("blog /site/blog|/x");
  });

  test("paths are text, the environ's are bytes", async () => {
    const response = await ask(app, "/gr%C3%BC%C3%9F/x");
    expect(response.status).toBe(200);
    expect(response.text).toMatch(/^greeting .*\|\/x$/);
  });

  test("where there is no Host the server's name counts", async () => {
    const only = mount({ "//example.org": answering("example") });
    const { environ } = testEnviron({ SERVER_NAME: "example.org", HTTP_HOST: undefined });
    expect(only(environ, () => async () => {})).toEqual(["example |/"]);
  });

  test("nothing there: 404, or the fallback with the path as it came", async () => {
    const table = { "/blog": answering("blog") };
    expect(await ask(mount(table), "/x")).toMatchObject({ status: 404, text: "Not Found\n" });
    const fallback = mount(table, answering("fallback", "410 Gone"));
    expect(await ask(fallback, "/blogs")).toMatchObject({ status: 410, text: "fallback |/blogs" });
    expect(returned(mount(table))).toBeInstanceOf(Array);
  });

  test.each<[string, string[]]>([
    ["no slash", ["blog"]],
    ["nothing", [""]],
    ["a URL", ["http://example.org/"]],
    ["the same twice", ["/blog", "/blog/"]],
    ["the same host twice", ["//a", "//A/"]],
  ])("%s: the start fails", (_what, keys) => {
    const table = Object.fromEntries(keys.map((key) => [key, answering("x")]));
    expect(() => mount(table)).toThrow(OPTION);
  });
});

describe("cascade", () => {
  const missing = answering("missing", "404 Not Found");
  const refusing = answering("refusing", "405 Method Not Allowed");
  const found = answering("found");

  test.each<[string, Application[], CascadeOptions, number, string]>([
    ["the first that has something", [missing, refusing, found, missing], {}, 200, "found |/x"],
    ["the last, whatever it is", [refusing, missing], {}, 404, "missing |/x"],
    ["the only one", [missing], {}, 404, "missing |/x"],
    ["other codes", [refusing, found], { missing: [404] }, 405, "refusing |/x"],
    [
      "an error is no answer",
      [
        () => {
          throw new Error("broken");
        },
        found,
      ],
      {},
      500,
      "Internal Server Error\n",
    ],
  ])("%s", async (_what, applications, options, status, text) => {
    expect(await call(cascade(applications, options), "/x")).toMatchObject({ status, text });
  });

  test("arrays stay synchronous", () => {
    expect(returned(cascade([missing, found]))).toEqual(["found |/"]);
  });

  test("each gets the path as it came", async () => {
    const app = cascade([mount({ "/a": answering("a", "404 Not Found") }), found]);
    expect((await ask(app, "/a/b")).text).toBe("found |/a/b");
  });

  const events: string[] = [];
  const streaming: Application = validate(async function* (_environ, startResponse) {
    try {
      startResponse("404 Not Found", PLAIN);
      yield "missing";
      yield "more";
    } finally {
      events.push("left");
    }
  });

  test.each<[string, Application]>([
    ["starts late", streaming],
    ["starts at once", (_environ, startResponse) => streaming(_environ, startResponse)],
    ["in a promise", async (...call) => streaming(...call)],
    [
      "returns a stream with its head",
      validate((_environ, startResponse) => {
        startResponse("404 Not Found", PLAIN);
        return {
          async *[Symbol.asyncIterator]() {
            yield "missing";
          },
        };
      }),
    ],
    [
      "returns a file",
      validate((environ, startResponse) => {
        startResponse("404 Not Found", PLAIN);
        return environ["postern.file_wrapper"](import.meta.filename);
      }),
    ],
  ])("a stream that has nothing is left: %s", async (_what, first) => {
    events.length = 0;
    const response = await ask(cascade([first, found]), "/x");
    expect(response).toMatchObject({ status: 200, text: "found |/x", errors: "" });
    if (first === streaming) expect(events).toEqual(["left"]);
    expect(openBodies()).toEqual([]);
  });

  test("a stream that has something passes as it comes", async () => {
    const app = cascade([
      validate(async function* (_environ, startResponse) {
        yield "";
        startResponse("200 OK", PLAIN);
        yield "a";
        yield "b";
      }),
      found,
    ]);
    expect(await ask(app, "/")).toMatchObject({ status: 200, text: "ab", cut: false });
    expect(openBodies()).toEqual([]);
  });

  test("a stream that fails late is cut", async () => {
    const app = cascade([
      async function* (_environ, startResponse) {
        startResponse("200 OK", PLAIN);
        yield "a";
        startResponse("500 Internal Server Error", PLAIN, new Error("too late"));
      },
      found,
    ]);
    expect(await call(app, "/")).toMatchObject({ status: 200, text: "a", cut: true });
  });

  test("what was written counts", async () => {
    const app = cascade([
      validate(async (_environ, startResponse) => {
        const write = startResponse("404 Not Found", PLAIN);
        await write("");
        await write("written");
        return [];
      }),
      found,
    ]);
    expect(await ask(app, "/")).toMatchObject({ status: 404, text: "written" });
  });

  test("whoever has read the request's body has decided", async () => {
    const reading: Application = validate(async (environ, startResponse) => {
      let size = 0;
      for await (const chunk of environ["wsgi.input"]) size += chunk.length;
      startResponse("404 Not Found", PLAIN);
      return [`read ${size}`];
    });
    const app = cascade([reading, found]);
    expect(await ask(app, "/", { method: "POST", body: "abc" })).toMatchObject({
      status: 404,
      text: "read 3",
    });
    expect(await ask(app, "/", { method: "POST", body: "" })).toMatchObject({ status: 200 });
    const second = cascade([missing, reading]);
    expect(await ask(second, "/", { method: "POST", body: "abc" })).toMatchObject({ text: "read 3" });
  });

  test("an application without a body, or without a head, is the server's to refuse", async () => {
    const bodiless = (() => undefined) as unknown as Application;
    expect((await call(cascade([bodiless, found]), "/")).status).toBe(500);
    const headless: Application = async function* () {
      yield "x";
    };
    expect((await call(cascade([headless, found]), "/")).errors).toContain("NO_START_RESPONSE");
  });

  test("no application: the start fails", () => {
    expect(() => cascade([])).toThrow(OPTION);
    expect(() => cascade([undefined as unknown as Application])).toThrow(OPTION);
  });
});
