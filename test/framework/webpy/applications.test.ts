// Examples of web.py's documentation and of its own docstrings and tests (tests/test_application.py), with what it answers.

import { describe, expect, test } from "vitest";
import {
  application,
  found,
  internalServerError,
  movedPermanently,
  notFound,
  ok,
  redirect,
  seeOther,
  temporaryRedirect,
  type Web,
} from "../../../lib/index.ts";
import { ask } from "../ask.ts";

describe("hello, world (the front page's example)", () => {
  class hello {
    GET(_web: Web, name: string) {
      return `Hello, ${name || "World"}!`;
    }
  }
  const app = application([["/(.*)", hello]]);
  test.each([
    ["/", "Hello, World!"],
    ["/Ann", "Hello, Ann!"],
    ["/a/b", "Hello, a/b!"],
  ])("%s", async (path, text) => {
    const response = await ask(app, path);
    expect([response.status, response.reason, response.text]).toEqual([200, "OK", text]);
    expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
  });
});

// tests/test_application.py: testUnicodeInput, testUnicodePath and PathException are elsewhere; these are its URL maps.
describe("URL maps", () => {
  test("redirects in the map keep the query, and fill in groups", async () => {
    const app = application([
      ["/a", redirect("/hello/")],
      ["/b/(.*)", redirect("/hello/$1")],
      ["/hello/(.*)", (web: Web, name) => `hello ${name}${web.ctx.query}`],
    ]);
    const cases = [
      ["/a", "/hello/"],
      ["/a?x=2", "/hello/?x=2"],
      ["/b/foo?x=2", "/hello/foo?x=2"],
    ] as const;
    for (const [path, location] of cases) {
      const response = await ask(app, path);
      expect([response.status, response.reason, response.header("Location")]).toEqual([
        301,
        "Moved Permanently",
        location,
      ]);
    }
  });

  test("a sub-application sees its own part (test_subdirs)", async () => {
    const blog = application([
      ["/foo", (web: Web) => `blog ${web.ctx.path}`],
      ["/foo/(.*)", (_web: Web, path) => `blog ${path}`],
      ["/getenv", (web: Web) => web.ctx.path],
    ]);
    const app = application([
      ["/blog", blog],
      ["/(.*)", (web: Web) => `hello ${web.ctx.path.slice(1)}`],
    ]);
    expect((await ask(app, "/blog/foo")).text).toBe("blog /foo");
    expect((await ask(app, "/foo")).text).toBe("hello foo");
    expect((await ask(app, "/blog/foo/bar")).text).toBe("blog bar");
    expect((await ask(app, "/blog/getenv")).text).toBe("/getenv");
  });

  test("redirects of a sub-application start where it is (test_subapp_reload's map, test_redirect)", async () => {
    const sub = application([["/(.*)", () => seeOther("/other")]]);
    expect((await ask(application([["/sub", sub]]), "/sub/x")).header("Location")).toBe("/sub/other");
  });

  test("classes that inherit answer by their own and their parents' methods", async () => {
    class Parent {
      GET() {
        return "get";
      }
    }
    class Child extends Parent {
      POST() {
        return "post";
      }
    }
    const app = application([["/", Child]]);
    expect((await ask(app, "/")).text).toBe("get");
    expect((await ask(app, "/", { method: "POST" })).text).toBe("post");
    const refused = await ask(app, "/", { method: "DELETE" });
    expect([refused.status, refused.reason]).toEqual([405, "Method Not Allowed"]);
  });
});

describe("processors and hooks (cookbook/application_processors)", () => {
  test("a processor wraps, a loadhook comes before, an unloadhook after", async () => {
    const words: string[] = [];
    const app = application([["/", () => (words.push("handler") > 0 ? "hello" : "")]]);
    app.use(async (_web, next) => {
      words.push("before handling");
      const result = await next();
      words.push("after handling");
      return result;
    });
    app.loadHook(() => words.push("load"));
    app.unloadHook(() => words.push("unload"));
    expect((await ask(app, "/")).text).toBe("hello");
    expect(words).toEqual(["before handling", "load", "handler", "after handling", "unload"]);
  });

  // test_hook: "unloadhook is called even when the handler raises".
  test("an unloadhook runs after an error", async () => {
    const states: string[] = [];
    const app = application([
      ["/ok", () => "ok"],
      [
        "/error",
        () => {
          throw internalServerError("xx");
        },
      ],
    ]);
    app.loadHook(() => states.push("x"));
    app.unloadHook(() => states.push("y"));
    expect((await ask(app, "/ok")).text).toBe("ok");
    expect((await ask(app, "/error")).text).toBe("xx");
    expect(states).toEqual(["x", "y", "x", "y"]);
  });

  // test_hook's sub-application: both applications' hooks run.
  test("a sub-application's hooks run inside those around it", async () => {
    const words: string[] = [];
    const inner = application([["/", () => ""]]);
    inner.loadHook(() => words.push("inner load"));
    inner.unloadHook(() => words.push("inner unload"));
    const app = application([["/in", inner]]);
    app.loadHook(() => words.push("load"));
    app.unloadHook(() => words.push("unload"));
    await ask(app, "/in/");
    expect(words).toEqual(["load", "inner load", "inner unload", "unload"]);
  });
});

describe("redirecting and statuses (cookbook/redirect+seeother)", () => {
  test.each([
    [seeOther("/new"), 303, "See Other"],
    [redirect("/new"), 301, "Moved Permanently"],
    [movedPermanently("/new"), 301, "Moved Permanently"],
    [found("/new"), 302, "Found"],
    [temporaryRedirect("/new"), 307, "Temporary Redirect"],
  ])("%#", async (response, status, reason) => {
    const answer = await ask(application([["/old", () => Promise.reject(response)]]), "/old");
    expect([answer.status, answer.reason, answer.header("Location")]).toEqual([status, reason, "/new"]);
  });

  // web.ok(), web.notfound() and web.internalerror(): the text of the last two is their reason in small letters.
  test("pages of statuses", async () => {
    const app = application([
      ["/ok", () => ok("fine")],
      ["/none", () => Promise.reject(notFound())],
      ["/text", () => Promise.reject(notFound("Sorry, the page you were looking for was not found."))],
    ]);
    expect((await ask(app, "/ok")).text).toBe("fine");
    expect(await ask(app, "/none")).toMatchObject({ status: 404, text: "not found" });
    expect((await ask(app, "/text")).text).toBe("Sorry, the page you were looking for was not found.");
    expect(await ask(app, "/no such page")).toMatchObject({ status: 404, text: "not found" });
  });

  // cookbook/custom_notfound.
  test("app.notfound and app.internalerror", async () => {
    const app = application([
      ["/", () => Promise.reject(notFound())],
      ["/bug", () => Promise.reject(new Error("bug"))],
    ]);
    app.notFound = () => notFound("Sorry, the page you were looking for was not found.");
    app.internalError = () => internalServerError("Bad, bad server. No donut for you.");
    expect(await ask(app, "/")).toMatchObject({
      status: 404,
      text: "Sorry, the page you were looking for was not found.",
    });
    expect(await ask(app, "/bug")).toMatchObject({ status: 500, text: "Bad, bad server. No donut for you." });
  });
});

describe("web.ctx (cookbook/ctx)", () => {
  test("for http://example.com/app/path?q=1", async () => {
    const app = application(
      [
        [
          "/path",
          (web: Web) => {
            const { host, protocol, homedomain, homepath, home, path, query, fullpath, method } = web.ctx;
            return { host, protocol, homedomain, homepath, home, path, query, fullpath, method };
          },
        ],
      ],
      { allowedHosts: ["example.com"] },
    );
    const response = await ask(app, "/path?q=1", { host: "example.com", scriptName: "/app" });
    expect(JSON.parse(response.text)).toEqual({
      host: "example.com",
      protocol: "http",
      homedomain: "http://example.com",
      homepath: "/app",
      home: "http://example.com/app",
      path: "/path",
      query: "?q=1",
      fullpath: "/path?q=1",
      method: "GET",
    });
  });
});

describe("streaming large files (cookbook/streaming_large_files)", () => {
  test("a generator is sent chunk by chunk", async () => {
    class CountHolder {
      *GET(web: Web) {
        web.header("Content-type", "text/html");
        for (let i = 0; i < 10; i++) yield `<h2>${i}</h2>`;
      }
    }
    const response = await ask(application([["/count_holder", CountHolder]]), "/count_holder");
    expect(response.text).toBe("0123456789".replace(/./g, "<h2>$&</h2>"));
    expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
  });
});
