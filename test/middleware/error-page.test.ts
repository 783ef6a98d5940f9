import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import { application } from "../../lib/framework/application.ts";
import { badRequest } from "../../lib/framework/responses.ts";
import type { Application, Body, Header } from "../../lib/gateway/types.ts";
import { debugPage } from "../../lib/middleware/debug-page.ts";
import { type ErrorPageOptions, errorPage } from "../../lib/middleware/error-page.ts";
import { mount } from "../../lib/middleware/mount.ts";
import { openBodies } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";
import { temporaryFolder } from "../support/folder.ts";
import { between } from "./between.ts";

const folder = temporaryFolder();
afterAll(() => {
  folder.remove();
  expect(openBodies()).toEqual([]);
});

const browser = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const PLAIN: Header = ["Content-Type", "text/plain"];

function answers(status: string, headers: Header[], body: () => Body): Application {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return body();
  };
}

function ask(
  inner: Application,
  options: ErrorPageOptions = {},
  request: CallRequest = { headers: browser },
) {
  return call(between(errorPage(options), inner), "/missing", request);
}

/** The same body as an array, in a promise, and as streams of both kinds. */
const kinds: [string, (text: string) => () => Body | Promise<Body>][] = [
  ["an array", (text) => () => [text]],
  [
    "a generator",
    (text) => () =>
      (function* () {
        yield "";
        yield text;
      })(),
  ],
  [
    "a stream",
    (text) => () =>
      (async function* () {
        yield text.slice(0, 3);
        yield text.slice(3);
      })(),
  ],
];

describe.each(kinds)("a plain body, %s,", (_kind, bodyOf) => {
  const inner: Application = (_environ, startResponse) => {
    startResponse("403 Forbidden", [PLAIN, ["X-Own", "stays"], ["ETag", '"x"'], ["Vary", "Cookie"]]);
    return bodyOf('not <you> & "me"\n')();
  };

  test("is a page in a browser, with the status and the headers that are not the body's", async () => {
    const response = await ask(inner);
    expect([response.status, response.reason]).toEqual([403, "Forbidden"]);
    expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.header("X-Own")).toBe("stays");
    expect(response.header("ETag")).toBeUndefined();
    expect(response.header("Vary")).toBe("Cookie, Accept");
    expect(response.text).toMatch(/^<!DOCTYPE html>/);
    expect(response.text).toContain("<h1>403 Forbidden</h1>");
    expect(response.text).toContain("<p>not &#60;you&#62; &#38; &#34;me&#34;</p>");
  });

  test.each(["application/json", "application/problem+json", "application/json, text/plain;q=0.5"])(
    "is JSON for %s",
    async (Accept) => {
      const response = await ask(inner, {}, { headers: { Accept } });
      expect(response.header("Content-Type")).toBe("application/problem+json");
      expect(JSON.parse(response.text)).toEqual({
        type: "about:blank",
        title: "Forbidden",
        status: 403,
        detail: 'not <you> & "me"',
      });
    },
  );

  test.each([undefined, "*/*", "text/plain", "image/png", "text/html;q=0.1, text/plain"])(
    "stays for a client that takes %s",
    async (Accept) => {
      const response = await ask(inner, {}, { headers: Accept === undefined ? {} : { Accept } });
      expect([response.header("Content-Type"), response.text]).toEqual(["text/plain", 'not <you> & "me"\n']);
      expect(response.header("ETag")).toBe('"x"');
    },
  );
});

test("an empty body is a page, of its status alone", async () => {
  const inner = answers("404 Not Found", [["Content-Length", "0"]], () => []);
  expect((await ask(inner)).text).toContain("<body>\n<h1>404 Not Found</h1>\n</body>");
  const plain = await ask(inner, {}, {});
  expect([plain.header("Content-Type"), plain.text]).toEqual(["text/plain; charset=utf-8", "Not Found\n"]);
  const json = await ask(inner, {}, { headers: { Accept: "application/json" } });
  expect(JSON.parse(json.text)).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
});

describe("what stays as it is", () => {
  const long = "x".repeat(4_097);
  test.each<[string, Application, string]>([
    ["a success", answers("200 OK", [PLAIN], () => ["fine"]), "fine"],
    ["a redirect", answers("303 See Other", [["Location", "/"]], () => []), ""],
    ["a page", answers("404 Not Found", [["Content-Type", "text/html"]], () => ["<p>mine"]), "<p>mine"],
    [
      "a short page",
      answers("404 Not Found", [["Content-Type", "text/html"]], () => ["a &amp; b"]),
      "a &amp; b",
    ],
    ["JSON", answers("404 Not Found", [["Content-Type", "application/json"]], () => ["{}"]), "{}"],
    ["a coding", answers("404 Not Found", [PLAIN, ["Content-Encoding", "x"]], () => ["?"]), "?"],
    ["long text", answers("404 Not Found", [PLAIN], () => [long]), long],
    [
      "long text that streams",
      answers("404 Not Found", [PLAIN], () =>
        (async function* () {
          yield long.slice(0, 4_000);
          yield long.slice(4_000);
          yield "y";
        })(),
      ),
      `${long}y`,
    ],
  ])("%s", async (_what, inner, text) => {
    const response = await ask(inner);
    expect([response.text, response.cut, response.errors]).toEqual([text, false, ""]);
  });

  test("statuses without a page, if that is wanted", async () => {
    const inner = answers("404 Not Found", [PLAIN], () => ["mine"]);
    expect((await ask(inner, { others: false })).text).toBe("mine");
    expect((await ask(inner, { others: false, pages: { 404: () => "<p>ours" } })).text).toBe("<p>ours");
  });
});

describe("pages of one's own", () => {
  const missing = answers("404 Not Found", [PLAIN, ["X-Own", "stays"]], () => ["gone"]);

  test("a function gets what is known", async () => {
    const errors: unknown[] = [];
    const pages = {
      404: ({ environ, ...error }: { environ: { PATH_INFO: string } }) => {
        errors.push({ ...error, path: environ.PATH_INFO });
        return "<p>ours";
      },
    };
    const response = await ask(missing, { pages });
    expect([response.status, response.text, response.header("X-Own")]).toEqual([404, "<p>ours", "stays"]);
    expect(errors).toEqual([
      { status: 404, reason: "Not Found", detail: "gone", kind: "html", path: "/missing" },
    ]);
  });

  test("one that is not ready at once, and one that passes", async () => {
    expect((await ask(missing, { pages: { 404: async () => "later" } })).text).toBe("later");
    expect((await ask(missing, { pages: { 404: () => undefined } })).text).toContain(
      "<h1>404 Not Found</h1>",
    );
  });

  test("one that fails is logged, and the standard page is shown", async () => {
    for (const page of [
      () => {
        throw new Error("on purpose");
      },
      () => Promise.reject(new Error("on purpose")),
    ]) {
      const response = await ask(missing, { pages: { 404: page } });
      expect([response.status, response.text.includes("<h1>404")]).toEqual([404, true]);
      expect(response.errors).toMatch(/^the page of status 404 failed: Error: on purpose/);
    }
  });

  test("a file is for clients that take it", async () => {
    const path = join(folder.path, "404.html");
    writeFileSync(path, "<p>from a file");
    for (const file of [path, pathToFileURL(path)]) {
      const response = await ask(missing, { pages: { 404: { file } } });
      expect([response.status, response.header("Content-Type"), response.text]).toEqual([
        404,
        "text/html; charset=utf-8",
        "<p>from a file",
      ]);
    }
    const json = await ask(
      missing,
      { pages: { 404: { file: path } } },
      { headers: { Accept: "application/json" } },
    );
    expect(json.header("Content-Type")).toBe("application/problem+json");
  });

  test("a path is asked for as GET without a body", async () => {
    const seen: unknown[] = [];
    const inner: Application = async (environ, startResponse) => {
      if (environ.PATH_INFO !== "/errors/404") return missing(environ, startResponse);
      let size = 0;
      for await (const chunk of environ["wsgi.input"] as AsyncIterable<Buffer>) size += chunk.length;
      const { REQUEST_METHOD, QUERY_STRING, CONTENT_LENGTH, HTTP_COOKIE, SCRIPT_NAME } = environ;
      seen.push([
        REQUEST_METHOD,
        QUERY_STRING,
        CONTENT_LENGTH,
        size,
        HTTP_COOKIE,
        SCRIPT_NAME,
        environ["postern.error_status"],
      ]);
      startResponse("200 OK", [
        ["Content-Type", "text/html"],
        ["Set-Cookie", "not=sent"],
      ]);
      return (async function* () {
        yield "<p>from ";
        yield "the application";
      })();
    };
    const response = await ask(
      inner,
      { pages: { 404: { path: "/errors/404" } } },
      { method: "POST", body: "data", scriptName: "/app", headers: { ...browser, Cookie: "a=b" } },
    );
    expect([response.status, response.header("Content-Type"), response.text]).toEqual([
      404,
      "text/html",
      "<p>from the application",
    ]);
    expect(response.header("Set-Cookie")).toBeUndefined();
    expect(seen).toEqual([["GET", "", undefined, 0, "a=b", "/app", 404]]);
  });

  test("a path that is missing itself is no loop", async () => {
    const response = await ask(missing, { pages: { 404: { path: "/errors/404" } } });
    expect([response.status, response.text.includes("<h1>404 Not Found</h1>")]).toEqual([404, true]);
  });
});

const failing: Readonly<Record<string, Application>> = {
  "thrown at once": () => {
    throw new Error("on <purpose>");
  },
  "in a promise": () => Promise.reject(new Error("on <purpose>")),
  "after startResponse": (_environ, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    throw new Error("on <purpose>");
  },
  "before the first chunk": (_environ, startResponse) => {
    startResponse("200 OK", [PLAIN]);
    // biome-ignore lint/correctness/useYield: fails before it could
    return (async function* (): AsyncGenerator<string> {
      throw new Error("on <purpose>");
    })();
  },
};

describe.each(Object.entries(failing))("an error %s", (_when, inner) => {
  test("is a page of 500 that says nothing, and is logged once", async () => {
    const response = await ask(inner);
    expect([response.status, response.cut]).toEqual([500, false]);
    expect(response.text).toContain("<h1>500 Internal Server Error</h1>\n</body>");
    expect(response.errors.match(/Error: on <purpose>/g)).toHaveLength(1);
  });

  test("has a page of one's own, which may need time", async () => {
    for (const page of [() => "ours", async () => "ours"]) {
      const response = await ask(inner, { pages: { 500: page } });
      expect([response.status, response.text]).toEqual([500, "ours"]);
    }
  });

  test("is the debug page's where there is one", async () => {
    const app = between(debugPage, errorPage()(inner));
    for (const Accept of ["*/*", "text/html", "application/json"]) {
      const response = await call(app, "/", { headers: { Accept } });
      expect([response.status, response.text.includes("on ")]).toEqual([500, true]);
      expect(response.errors.match(/Error: on <purpose>/g)).toHaveLength(1);
    }
  });

  test("stays the debug page's, inside of an error page", async () => {
    const response = await call(between(errorPage(), debugPage(inner)), "/", {
      headers: { Accept: "application/json" },
    });
    expect(response.text).toContain("Error: on <purpose>");
  });
});

describe("left to the server", () => {
  test("an error of the client", async () => {
    const response = await ask(() => {
      throw new ProtocolError("BODY_TOO_LARGE", "too long");
    });
    expect([response.status, response.text]).toEqual([413, "Content Too Large\n"]);
  });

  test("an error after the first chunk", async () => {
    const response = await ask(
      answers("200 OK", [PLAIN], () =>
        (async function* () {
          yield "begun";
          throw new Error("on purpose");
        })(),
      ),
    );
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    expect(response.errors.match(/Error: on purpose/g)).toHaveLength(1);
  });

  test("an error where 500 has no page", async () => {
    const response = await ask(failing["thrown at once"] as Application, { others: false });
    expect(response.text).toBe("Internal Server Error\n");
  });
});

test("pages of the framework get one, and its own stay", async () => {
  const app = application([
    [
      "/bad",
      () => {
        throw badRequest();
      },
    ],
    [
      "/own",
      () => {
        throw badRequest("<p>own");
      },
    ],
  ]);
  const framed = errorPage({ pages: { 400: () => "ours", 404: () => "ours" } })(app);
  expect((await call(framed, "/nowhere", { headers: browser })).text).toBe("ours");
  expect((await call(framed, "/bad", { headers: browser })).text).toBe("ours");
  expect((await call(framed, "/own", { headers: browser })).text).toBe("<p>own");
});

test("an array stays one that nobody waits for", () => {
  const { environ } = testEnviron();
  const inner = answers("404 Not Found", [PLAIN], () => ["gone"]);
  expect(errorPage({ pages: { 404: () => "ours" } })(inner)(environ, () => () => Promise.resolve())).toEqual([
    "ours",
  ]);
});

test.each<unknown>([
  { pages: { 200: () => "x" } },
  { pages: { 404: { file: "/nowhere.html" } } },
  { pages: { 404: { file: import.meta.filename } } },
  { pages: { 404: { path: "relative" } } },
])("%j is refused", (options) => {
  expect(() => errorPage(options as ErrorPageOptions)).toThrow(expect.objectContaining({ code: "OPTION" }));
});

test("a page is about what was asked for, whatever the application has mounted", async () => {
  const site = mount({
    "/blog": (_environ, startResponse) => {
      startResponse("404 Not Found", [PLAIN]);
      return ["no"];
    },
    "/errors": (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/html"]]);
      return [`<p>${environ.SCRIPT_NAME}</p>`];
    },
  });
  const app = errorPage({ pages: { 404: { path: "/errors/404" } } })(site);
  expect((await call(app, "/blog/x", { headers: browser })).text).toBe("<p>/errors</p>");
});
