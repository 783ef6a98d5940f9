// Conditions, dates, caches, names of downloads, content negotiation: expectations are those of RFC 9110, 9111, 6266, 8187.

import { describe, expect, test, vi } from "vitest";
import { type App, application, html, json, noContent, text, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const one = (handler: (web: Web) => unknown) => application([["(.*)", handler]]);

// The example date of RFC 9110 §5.6.7, in its three forms.
const DATE = new Date(Date.UTC(1994, 10, 6, 8, 49, 37));
const IMF = "Sun, 06 Nov 1994 08:49:37 GMT";
const RFC_850 = "Sunday, 06-Nov-94 08:49:37 GMT";
const ASCTIME = "Sun Nov  6 08:49:37 1994";
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";

describe("web.modified()", () => {
  const work = vi.fn(() => "page");
  const app = one((web) => {
    const { tag } = web.query({ tag: "abc" });
    web.modified(DATE, tag === "none" ? undefined : tag);
    return work();
  });

  test("sets Last-Modified and ETag (web.py)", async () => {
    const response = await ask(app, "/");
    expect(response).toMatchObject({ status: 200, text: "page" });
    expect([response.header("Last-Modified"), response.header("ETag")]).toEqual([IMF, '"abc"']);
  });

  test.each<[headers: Record<string, string>, status: number, query?: string]>([
    // §13.1.2: weak comparison, lists, and `*`.
    [{ "If-None-Match": '"abc"' }, 304],
    [{ "If-None-Match": 'W/"abc"' }, 304],
    [{ "If-None-Match": '"x", "a,b" ,W/"abc"' }, 304],
    [{ "If-None-Match": "*" }, 304],
    [{ "If-None-Match": '"abcd"' }, 200],
    [{ "If-None-Match": '"ABC"' }, 200],
    [{ "If-None-Match": "abc" }, 200],
    [{ "If-None-Match": 'W/"abc"' }, 304, '?tag=W/"abc"'],
    // §13.1.3: the date, which counts only without tags.
    [{ "If-Modified-Since": IMF }, 304],
    [{ "If-Modified-Since": RFC_850 }, 304],
    [{ "If-Modified-Since": ASCTIME }, 304],
    [{ "If-Modified-Since": AFTER }, 304],
    [{ "If-Modified-Since": BEFORE }, 200],
    [{ "If-Modified-Since": "yesterday" }, 200],
    [{ "If-None-Match": '"x"', "If-Modified-Since": AFTER }, 200],
    [{ "If-None-Match": '"x"', "If-Modified-Since": AFTER }, 200, "?tag=none"],
    // A browser's forced reload.
    [{ "If-None-Match": '"abc"', "Cache-Control": "no-cache" }, 200],
    // §13.1.1 and §13.1.4: only as it was.
    [{ "If-Match": '"abc"' }, 200],
    [{ "If-Match": "*" }, 200],
    [{ "If-Match": '"x"' }, 412],
    [{ "If-Match": 'W/"abc"' }, 412, '?tag=W/"abc"'],
    [{ "If-Unmodified-Since": IMF }, 200],
    [{ "If-Unmodified-Since": BEFORE }, 412],
    [{ "If-Match": '"abc"', "If-Unmodified-Since": BEFORE }, 200],
    // §13.2.2: step 1 before step 3.
    [{ "If-Match": '"x"', "If-None-Match": '"abc"' }, 412],
  ])("GET with %j: %d", async (headers, status, query = "") => {
    work.mockClear();
    const response = await ask(app, `/${query}`, { headers });
    expect(response).toMatchObject({ status, errors: "" });
    expect(work).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
    if (status === 304) {
      expect(response.text).toBe("");
      expect(response.header("Content-Type")).toBeUndefined();
      expect(response.header("ETag")).toBeDefined();
    }
  });

  test.each<[method: string, headers: Record<string, string>, status: number]>([
    ["PUT", { "If-Match": '"abc"' }, 200],
    ["PUT", { "If-Match": '"old"' }, 412],
    ["PUT", { "If-None-Match": "*" }, 412],
    ["DELETE", { "If-None-Match": '"abc"' }, 412],
    ["PUT", { "If-Modified-Since": AFTER }, 200],
    ["POST", { "If-Unmodified-Since": BEFORE }, 412],
    ["HEAD", { "If-None-Match": '"abc"' }, 304],
  ])("%s with %j: %d", async (method, headers, status) => {
    expect((await ask(app, "/", { method, headers })).status).toBe(status);
  });

  test.each(['a"b', "a b", "ü\u0100", 'W/"'])("%j is no tag", async (tag) => {
    expect(
      (
        await ask(
          one((web) => web.modified(undefined, tag)),
          "/",
        )
      ).errors,
    ).toContain("HEADER");
  });

  test("a date that is none is the application's error", async () => {
    const app = one((web) => web.lastModified(new Date("no date")));
    expect(await ask(app, "/")).toMatchObject({ status: 500, errors: expect.stringContaining("DATE") });
  });
});

describe("web.expires(), web.lastModified(), web.cacheControl(), web.vary()", () => {
  test("dates are as RFC 9110 §5.6.7 has them, and the last one counts", async () => {
    vi.useFakeTimers({ now: DATE, toFake: ["Date"] });
    try {
      const app = one((web) => {
        web.lastModified(DATE);
        web.expires(1);
        web.expires(3600);
      });
      const response = await ask(app, "/");
      expect(response.headers.filter(([name]) => /^(expires|last-modified)$/i.test(name))).toEqual([
        ["Last-Modified", IMF],
        ["Expires", "Sun, 06 Nov 1994 09:49:37 GMT"],
      ]);
      expect(
        (
          await ask(
            one((web) => web.expires(DATE)),
            "/",
          )
        ).header("Expires"),
      ).toBe(IMF);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[Parameters<Web["cacheControl"]>[0], string]>([
    [{ noStore: true }, "no-store"],
    [{ scope: "public", maxAgeSeconds: 31_536_000, immutable: true }, "public, max-age=31536000, immutable"],
    [
      { scope: "private", noCache: true, mustRevalidate: true, noTransform: true },
      "private, no-cache, must-revalidate, no-transform",
    ],
    [
      {
        maxAgeSeconds: 0,
        sharedMaxAgeSeconds: 60,
        staleWhileRevalidateSeconds: 30,
        staleIfErrorSeconds: 300,
      },
      "max-age=0, s-maxage=60, stale-while-revalidate=30, stale-if-error=300",
    ],
    [{ noStore: false, maxAgeSeconds: 5 }, "max-age=5"],
  ])("%j", async (options, value) => {
    const app = one((web) => {
      web.header("Cache-Control", "no-store");
      web.cacheControl(options);
    });
    const { headers } = await ask(app, "/");
    expect(headers.filter(([name]) => name === "Cache-Control")).toEqual([["Cache-Control", value]]);
  });

  test.each([-1, 1.5, Number.NaN])("no time is %d seconds", async (maxAgeSeconds) => {
    expect(
      (
        await ask(
          one((web) => web.cacheControl({ maxAgeSeconds })),
          "/",
        )
      ).errors,
    ).toContain("CACHE");
  });

  test("a name is in Vary once", async () => {
    const app = one((web) => {
      web.vary("Cookie");
      web.vary("accept");
      web.vary("Accept");
    });
    const { headers } = await ask(app, "/");
    expect(headers.filter(([name]) => name === "Vary")).toEqual([
      ["Vary", "Cookie"],
      ["Vary", "accept"],
    ]);
  });
});

// RFC 6266 §5 and RFC 8187 §3.2; the second name is the RFC's own example.
test.each([
  ["report.csv", 'attachment; filename="report.csv"'],
  ["€ rates", "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates"],
  ['a "b" \\c.txt', 'attachment; filename="c.txt"'],
  ['"q".txt', 'attachment; filename="\\"q\\".txt"'],
  ["/etc/passwd", 'attachment; filename="passwd"'],
  ["..\\..\\x.exe", 'attachment; filename="x.exe"'],
  ["a\r\nb\0.txt", 'attachment; filename="a b .txt"'],
  ["50%20.txt", "attachment; filename=\"50%20.txt\"; filename*=UTF-8''50%2520.txt"],
  ["é'(1)*.txt", "attachment; filename=\"_'(1)*.txt\"; filename*=UTF-8''%C3%A9%27%281%29%2A.txt"],
  ["😀\ud800", "attachment; filename=\"__\"; filename*=UTF-8''%F0%9F%98%80%EF%BF%BD"],
])("web.attachment(%j)", async (name, value) => {
  const response = await ask(
    one((web) => web.attachment(name)),
    "/",
  );
  expect([response.errors, response.header("Content-Disposition")]).toEqual(["", value]);
});

describe("web.accepts()", () => {
  const app = one(async (web) => {
    const best = await web.accepts("html", "json", "image/webp");
    return [best ?? null];
  });
  test.each<[accept: string | undefined, best: string | null]>([
    [undefined, "html"],
    ["*/*", "html"],
    ["application/json", "json"],
    ["text/html;q=0.5, application/json", "json"],
    ["application/json;q=0.5, text/*", "html"],
    ["image/*, text/html;q=0.9", "image/webp"],
    ["text/html;q=0, */*", "json"],
    ["text/plain", null],
    ["*/*;q=0", null],
  ])("%j: %j", async (accept, best) => {
    const response = await ask(app, "/", accept === undefined ? {} : { headers: { Accept: accept } });
    expect(JSON.parse(response.text)).toEqual([best]);
    expect(response.header("Vary")).toBe("Accept");
  });

  test.each([
    [undefined, "en"],
    ["de", "de"],
    // RFC 4647 §3.4: what is asked for is cut until it fits.
    ["de-CH, en;q=0.5", "de"],
    ["fr", null],
    ["en;q=0.1, de;q=0.2", "de"],
  ])("web.acceptsLanguage() with %j: %j", async (accept, best) => {
    const app = one(async (web) => [(await web.acceptsLanguage("en", "de")) ?? null]);
    const headers = accept === undefined ? {} : { "Accept-Language": accept };
    const response = await ask(app, "/", { headers });
    expect([JSON.parse(response.text), response.header("Vary")]).toEqual([[best], "Accept-Language"]);
  });
});

describe("types", () => {
  test.each<[unknown, number, string, string]>([
    [html("<p>"), 200, "text/html; charset=utf-8", "<p>"],
    [text("a<b", 400), 400, "text/plain; charset=utf-8", "a<b"],
    [json("x"), 200, "application/json", '"x"'],
    [json(null, 201, { Location: "/1" }), 201, "application/json", "null"],
    [json(undefined), 200, "application/json", "null"],
  ])("%#", async (result, status, type, body) => {
    const response = await ask(
      one(() => result),
      "/",
    );
    expect(response).toMatchObject({ status, text: body, errors: "" });
    expect(response.header("Content-Type")).toBe(type);
  });

  test.each([
    ["text/plain", "text/plain; charset=utf-8"],
    ["TEXT/CSV", "TEXT/CSV; charset=utf-8"],
    ["text/plain; charset=latin1", "text/plain; charset=latin1"],
    ["text/event-stream", "text/event-stream"],
    ["image/svg+xml", "image/svg+xml"],
  ])("a handler that says %s sends %s", async (said, sent) => {
    const set = await ask(
      one((web) => {
        web.header("content-type", said);
        return "x";
      }),
      "/",
    );
    expect(set.header("Content-Type")).toBe(sent);
  });

  test("204 has neither a type nor a body", async () => {
    const response = await ask(
      one(() => noContent()),
      "/",
    );
    expect([response.status, response.text, response.header("Content-Type")]).toEqual([204, "", undefined]);
  });
});

describe("web.back()", () => {
  const inner = application([["/do", (web: Web) => web.back("/else")]]);
  const app = application([["/in", inner]]);
  test.each([
    ["http://localhost:8080/app/in/list?page=2#x", "/app/in/list?page=2"],
    ["https://localhost:8080/app/in", "/app/in/"],
    ["http://localhost:8080/app/other", "/app/in/else"],
    ["http://localhost:8080/app/inner", "/app/in/else"],
    ["http://evil.test/app/in/list", "/app/in/else"],
    ["http://localhost:8080@evil.test/app/in/list", "/app/in/else"],
    ["about:blank", "/app/in/else"],
    ["nonsense", "/app/in/else"],
    ["", "/app/in/else"],
  ])("from %j", async (Referer, location) => {
    const response = await ask(app, "/in/do", { scriptName: "/app", headers: { Referer } });
    expect([response.status, response.header("Location")]).toEqual([303, location]);
  });
});

test("web.ctx knows what else the request says", async () => {
  const inner: App = application([
    [
      "/",
      (web: Web): unknown => {
        const { hostname, port, secure, contentType, charset, contentLength, user, isXhr, appStack } =
          web.ctx;
        const own = [appStack.length, appStack[1] === inner];
        return [hostname, port, secure, contentType, charset, contentLength, user, isXhr, ...own];
      },
    ],
  ]);
  const response = await ask(application([["/in", inner]]), "/in", {
    method: "POST",
    data: "abc",
    headers: {
      Host: "WWW.Example.org:81",
      "Content-Type": 'Text/Plain ; Charset="ISO-8859-1"',
      "X-Requested-With": "XMLHttpRequest",
    },
    environ: { REMOTE_USER: "ann" },
  });
  expect(response.errors).toBe("");
  expect(JSON.parse(response.text)).toEqual([
    "www.example.org",
    81,
    false,
    "text/plain",
    "iso-8859-1",
    3,
    "ann",
    true,
    2,
    true,
  ]);
});
