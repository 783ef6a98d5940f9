// Targets that are made of others, classes that know their path, pages for statuses, and the last slash.

import { describe, expect, test, vi } from "vitest";
import {
  application,
  autoApplication,
  forbidden,
  gone,
  lazy,
  type Next,
  tooManyRequests,
  type Web,
  withProcessors,
} from "../../lib/index.ts";
import { ask } from "./ask.ts";

class Hello {
  GET(_web: Web, name: string) {
    return `Hello, ${name}!`;
  }
}

describe("lazy()", () => {
  test("loads its handler once, by the first request", async () => {
    const load = vi.fn(async () => Hello);
    const app = application([["/hello/(.*)", lazy(load)]]);
    expect(load).not.toHaveBeenCalled();
    expect((await ask(app, "/hello/a")).text).toBe("Hello, a!");
    expect((await ask(app, "/hello/b")).text).toBe("Hello, b!");
    expect((await ask(app, "/hello/b", { method: "POST" })).header("Allow")).toBe("GET, HEAD, OPTIONS");
    expect(load).toHaveBeenCalledOnce();
  });

  test("tries again what failed", async () => {
    const load = vi.fn(async () => Hello).mockRejectedValueOnce(new Error("not yet"));
    const app = application([["/hello/(.*)", lazy(load)]]);
    expect(await ask(app, "/hello/a")).toMatchObject({
      status: 500,
      errors: expect.stringContaining("not yet"),
    });
    expect((await ask(app, "/hello/a")).text).toBe("Hello, a!");
  });

  test.each([
    ["an application", application([])],
    ["nothing", undefined],
  ])("refuses %s", async (_what, target) => {
    const app = application([["/x", lazy(async () => target as unknown as () => string)]]);
    expect((await ask(app, "/x")).errors).toContain("TARGET");
  });
});

describe("withProcessors()", () => {
  const seen: string[] = [];
  const say = (word: string) => async (_web: Web, next: Next) => {
    seen.push(word);
    return next();
  };
  const refuse = () => {
    throw forbidden();
  };
  const app = application([
    ["/hello/(.*)", withProcessors([say("a"), say("b")], Hello)],
    [
      "/lazy/(.*)",
      withProcessors(
        [say("c")],
        lazy(async () => Hello),
      ),
    ],
    ["/refused", withProcessors([refuse], { GET: () => "never" })],
    ["/plain", () => "plain"],
  ]).use(say("app"));

  test.each([
    ["/hello/x", 200, "Hello, x!", ["app", "a", "b"]],
    ["/lazy/x", 200, "Hello, x!", ["app", "c"]],
    ["/refused", 403, "forbidden", ["app"]],
    ["/plain", 200, "plain", ["app"]],
  ])("%s", async (path, status, text, words) => {
    seen.length = 0;
    expect(await ask(app, path)).toMatchObject({ status, text });
    expect(seen).toEqual(words);
  });

  test("routes() looks into it", async () => {
    expect(await app.routes()).toMatchObject([
      { target: "Hello", methods: ["GET"] },
      { target: "loaded when it is asked for", methods: [] },
      { target: "an object", methods: ["GET"] },
      { target: "a function", methods: [] },
    ]);
  });
});

// The docstring of web.py's auto_application: a class is at its name, or at its attribute `path`; one whose path is None is not
// there.
test("autoApplication() is web.py's", async () => {
  class hello {
    GET() {
      return "hello, world";
    }
  }
  class foo {
    static path = "/foo/.*";
    GET() {
      return "foo";
    }
  }
  class Base {
    static path: string | null = null;
    GET() {
      return "base";
    }
  }
  const app = autoApplication([hello, foo, Base]);
  expect((await ask(app, "/hello")).text).toBe("hello, world");
  expect((await ask(app, "/foo/bar")).text).toBe("foo");
  expect((await ask(app, "/Base")).status).toBe(404);
});

// `attrs.get("path", …)` of web.py's metaclass: the attribute of a class that is extended does not count.
test("autoApplication() looks at a class's own path", async () => {
  class Base {
    static path: string | null = null;
    GET() {
      return this.constructor.name;
    }
  }
  class Page extends Base {}
  class Foo extends Base {
    static override path = "/foo";
  }
  class Bar extends Foo {}
  const app = autoApplication([Base, Page, Foo, Bar]);
  for (const [path, text] of [
    ["/Page", "Page"],
    ["/foo", "Foo"],
    ["/Bar", "Bar"],
  ] as const) {
    expect((await ask(app, path)).text).toBe(text);
  }
  expect((await ask(app, "/Base")).status).toBe(404);
});

describe("errorPage()", () => {
  const child = application([
    ["/gone", () => gone()],
    ["/said", () => gone("said")],
    ["/busy", () => tooManyRequests(undefined, { "Retry-After": "3" })],
    [
      "/broken",
      () => {
        throw new Error("secret");
      },
    ],
  ]);
  const parent = application([["/child", child]]);
  parent.errorPage(410, (web) => `parent 410 ${web.ctx.path}`);
  parent.errorPage(
    "any",
    (web, error) => `parent: ${error instanceof Error ? error.message : web.ctx.status}`,
  );
  parent.errorPage(500, () => "sorry");
  child.errorPage(429, async () => ({ error: "busy" }));

  test.each([
    ["/child/gone", 410, "parent 410 /child/gone"],
    ["/child/said", 410, "said"],
    ["/child/none", 404, "parent: 404 Not Found"],
    ["/child/busy", 429, '{"error":"busy"}'],
    ["/child/broken", 500, "sorry"],
  ])("%s", async (path, status, text) => {
    expect(await ask(parent, path)).toMatchObject({ status, text });
  });

  test("keeps the headers of the response", async () => {
    const response = await ask(parent, "/child/busy");
    expect(response.header("Retry-After")).toBe("3");
    expect(response.header("Content-Type")).toBe("application/json");
  });

  test("any is for a handler that fails too", async () => {
    const app = application([["/", () => Promise.reject(new Error("x"))]]).errorPage(
      "any",
      (web) => web.ctx.status,
    );
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status: 500, text: "500 Internal Server Error" });
    expect(response.errors).toContain("Error: x");
  });
});

describe("trailingSlash", () => {
  const urls = [
    ["/about", () => "about"],
    ["/list/", () => "list"],
  ] as const;
  test.each([
    ["remove", "/about/", "/app/about"],
    ["remove", "/about/?q=1", "/app/about?q=1"],
    ["remove", "/about//", "/app/about"],
    ["remove", "/list", undefined],
    ["remove", "/none/", undefined],
    ["add", "/list", "/app/list/"],
    ["add", "/about/", undefined],
    ["add", "/none", undefined],
  ] as const)("%s: %s → %s", async (trailingSlash, path, location) => {
    const response = await ask(application(urls, { trailingSlash }), path, { scriptName: "/app" });
    expect(response.status).toBe(location === undefined ? 404 : 301);
    expect(response.header("Location")).toBe(location);
  });

  // From each slash to the last of them this would take half a minute.
  test("a path of slashes is looked at once", async () => {
    const app = application(urls, { trailingSlash: "remove" });
    expect((await ask(app, `${"/".repeat(200_000)}x/`)).status).toBe(404);
  });

  test("is not for what is sent", async () => {
    const app = application(urls, { trailingSlash: "remove" });
    expect((await ask(app, "/about/", { method: "POST" })).status).toBe(404);
    expect((await ask(application(urls), "/about/")).status).toBe(404);
  });

  test("is for a mounted application too", async () => {
    const app = application([["/in", application(urls)]], { trailingSlash: "remove" });
    expect((await ask(app, "/in/about/")).header("Location")).toBe("/in/about");
  });
});
