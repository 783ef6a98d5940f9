import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type FetchEnviron,
  type FromFetchOptions,
  fromFetch,
  restoreGlobalObjects,
} from "../../../lib/bridges/fetch.ts";
import { type CallRequest, call } from "../../../lib/testing/call.ts";
import { promised } from "../../support/promised.ts";

type Handler = (request: Request, env: FetchEnviron) => unknown;

/** Both ways of the bridge: with its own objects and with Node's. */
const ways: readonly [string, FromFetchOptions][] = [
  ["light objects", {}],
  ["Node's objects", { overrideGlobalObjects: false }],
];

afterEach(() => restoreGlobalObjects());

function ask(handler: Handler, target = "/", request: CallRequest = {}, options: FromFetchOptions = {}) {
  return call(fromFetch(handler as () => Response, options), target, request);
}

/** What a handler makes of a request, as JSON. */
async function told(
  handler: Handler,
  target = "/",
  request: CallRequest = {},
  options: FromFetchOptions = {},
) {
  const response = await ask(
    async (...parameters) => Response.json(await handler(...parameters)),
    target,
    request,
    options,
  );
  expect(response.errors).toBe("");
  return JSON.parse(response.text) as unknown;
}

describe("the URL", () => {
  const url: Handler = (request) => request.url;

  test.each<[string, string, CallRequest]>([
    ["https://example.org/a?b=c", "/a?b=c", { https: true, host: "example.org" }],
    ["https://example.org/", "/", { https: true, host: "example.org:443" }],
    ["https://example.org:8443/", "/", { https: true, host: "EXAMPLE.org:8443" }],
    ["http://[::1]:8080/", "/", { host: "[::1]:8080" }],
    ["http://localhost:8080/app/x%2Fy", "/x%2Fy", { scriptName: "/app" }],
    ["http://localhost:8080/%C3%BC/%zz/100%", "/%C3%BC/%zz/100%", {}],
    ["http://localhost:8080//a///b", "//a///b", {}],
    ["http://localhost:8080/a?x='%22%3C'".replaceAll("'", "%27"), "/a?x='\"<'", {}],
    ["http://localhost:8080/a%5C..%5Cb", "/a\\..\\b", {}],
    ["http://localhost:8080/b", "/a/../b", {}],
    ["http://localhost:8080/b", "/a/%2E%2e/b", {}],
    ["http://localhost:8080/.well-known/x", "/.well-known/x", {}],
    ["http://localhost:8080/%C3%BC", "/\xc3\xbc", {}],
    // What the front end made of the path counts where it is another than the client's.
    ["http://localhost:8080/new/a%20b%25%3F?q", "/old?q", { environ: { PATH_INFO: "/new/a b%?" } }],
    ["http://localhost:8080/x", "/x", { environ: { REQUEST_URI: undefined } }],
    [
      "http://server.example:81/",
      "/",
      { environ: { HTTP_HOST: undefined, SERVER_NAME: "server.example", SERVER_PORT: "81" } },
    ],
    ["http://[fe80::1]/", "/", { environ: { HTTP_HOST: "", SERVER_NAME: "fe80::1", SERVER_PORT: "80" } }],
  ])("%s", async (expected, target, request) => {
    for (const [, options] of ways) expect(await told(url, target, request, options)).toBe(expected);
  });

  test("without the mount where that is asked for", async () => {
    const options = { stripScriptName: true };
    expect(await told(url, "/x?y", { scriptName: "/app" }, options)).toBe("http://localhost:8080/x?y");
    expect(await told(url, "", { scriptName: "/app" }, options)).toBe("http://localhost:8080/");
    expect(await told(url, "/a%2Fb", { scriptName: "/app" }, options)).toBe("http://localhost:8080/a%2Fb");
  });

  test.each(["@evil.example/x", ".evil.example/x", ":81/x", "%40evil.example/x"])(
    "a mount that a web server matched by its first letters leaves the host as it is: /app%s",
    async (rest) => {
      const environ = { REQUEST_URI: `/app${rest}`, PATH_INFO: decodeURIComponent(rest) };
      const seen = await told(url, "/", { scriptName: "/app", environ }, { stripScriptName: true });
      expect(seen).toMatch(/^http:\/\/localhost:8080\//);
    },
  );

  test.each([
    "a b",
    "example.org/path",
    "user@example.org",
    "example.org:99999",
    "a\\b",
    "[1]",
    "x?y",
    ":80",
  ])("a Host that is none is answered 400: %s", async (host) => {
    expect((await ask(() => new Response("reached"), "/", { host })).status).toBe(400);
  });
});

describe("the method", () => {
  test.each(["TRACE", "TRACK", "CONNECT", "track"])(
    "%s, which no Request can have, is answered 501",
    async (method) => {
      expect((await ask(() => new Response("reached"), "/", { method })).status).toBe(501);
    },
  );

  test("one that is no token is answered 400", async () => {
    expect((await ask(() => new Response("reached"), "/", { method: "GET IT" })).status).toBe(400);
  });

  test.each([
    ["post", "POST"],
    ["PATCH", "PATCH"],
    ["propfind", "propfind"],
    ["PROPFIND", "PROPFIND"],
  ])("%s arrives as %s", async (method, expected) => {
    for (const [, options] of ways) {
      expect(await told((request) => request.method, "/", { method }, options)).toBe(expected);
    }
  });
});

test("a path whose slashes the web server has joined is what the client sent", async () => {
  const environ = { REQUEST_URI: "/a//b%2Fc?d", PATH_INFO: "/a/b/c", QUERY_STRING: "d" };
  expect(await told((request) => request.url, "/", { environ })).toBe("http://localhost:8080/a//b%2Fc?d");
});

describe.each(ways)("a request with %s", (_title, options) => {
  test("has the headers, repeated ones joined, without what cannot be one", async () => {
    const headers = [
      ["X-Foo", "a"],
      ["X-Foo", "b"],
      ["X-Latin", "caf\xe9"],
      ["Content-Type", "text/x"],
    ] as const;
    const environ = { HTTP_X_CUT: "a\r\nX-Injected: b", "HTTP_BAD NAME": "x" };
    const seen = await told((request) => [...request.headers], "/", { headers, environ }, options);
    expect(seen).toEqual([
      ["content-type", "text/x"],
      ["host", "localhost:8080"],
      ["x-foo", "a, b"],
      ["x-latin", "caf\xe9"],
    ]);
  });

  test.each([
    ["GET", null],
    ["POST", "0"],
  ])("a length of 0 that the web server has added to %s is no header", async (method, expected) => {
    const environ = { CONTENT_LENGTH: "0" };
    const lengths = (request: Request) => [
      request.headers.get("content-length"),
      new Headers(request.headers).get("content-length"),
    ];
    expect(await told(lengths, "/", { method, environ }, options)).toEqual([expected, expected]);
  });

  test("its headers are asked for one by one, changed, and copied", async () => {
    const headers = [
      ["Accept-Language", "de"],
      ["X-Padded", " a "],
      ["Cookie", "a=1"],
    ] as const;
    const seen = await told(
      (request) => {
        const { headers } = request;
        const before = ["accept-LANGUAGE", "X-Padded", "x-none", "accept_language"].map((name) => [
          headers.get(name),
          headers.has(name),
        ]);
        const refused = [() => headers.get("a b"), () => headers.has("")].map((ask) => {
          try {
            return ask();
          } catch (error) {
            return (error as Error).name;
          }
        });
        const shown = inspect(headers).includes("'accept-language': 'de'");
        headers.set("X-None", "some");
        const made = new Request(request);
        headers.delete("Cookie");
        return [
          before,
          refused,
          shown,
          [headers.get("x-none"), headers.get("cookie"), made.headers.get("x-none")],
          [new Headers(headers).get("accept-language"), headers instanceof Headers, headers.constructor.name],
        ];
      },
      "/",
      { headers },
      options,
    );
    expect(seen).toEqual([
      [
        ["de", true],
        ["a", true],
        [null, false],
        [null, false],
      ],
      ["TypeError", "TypeError"],
      true,
      ["some", null, "some"],
      ["de", true, "Headers"],
    ]);
  });

  test("has its own headers, whatever stands in the place of Node's Headers by then", async () => {
    class Other {
      append(): void {}
    }
    vi.stubGlobal("Headers", Other);
    try {
      const handler: Handler = ({ headers }) => {
        headers.append("X-More", "b");
        return new Response(`${headers.get("x-some")} ${headers.get("x-more")}`);
      };
      const request = { headers: { "X-Some": "a" } };
      expect((await ask(handler, "/", request, options)).text).toBe("a b");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("its headers are told of one by one, as those of this request", async () => {
    const self = {};
    const handler: Handler = ({ headers }) => {
      const told: unknown[] = [];
      headers.forEach(function (this: unknown, value, name, all) {
        if (name === "x-some") told.push(value, all === headers, this === self);
      }, self);
      expect(() => headers.forEach(undefined as never)).toThrow(TypeError);
      return Response.json(told);
    };
    const { text } = await ask(handler, "/", { headers: { "X-Some": "a" } }, options);
    expect(JSON.parse(text)).toEqual(["a", true, true]);
  });

  test("is a Request, and a new one can be made of it", async () => {
    const seen = await told(
      async (request) => {
        const other = new Request("http://other.example/", request.clone());
        const fresh = new Request(request, { headers: { "X-Foo": "new" } });
        return [
          request instanceof Request,
          Object.prototype.toString.call(request),
          fresh instanceof Request,
          [fresh.method, fresh.url, fresh.headers.get("x-foo"), await fresh.text()],
          [other.method, other.url, await other.text()],
        ];
      },
      "/x",
      { method: "PUT", body: "body" },
      options,
    ).catch((error) => error);
    expect(seen).toEqual([
      true,
      "[object Request]",
      true,
      ["PUT", "http://localhost:8080/x", "new", "body"],
      ["PUT", "http://other.example/", "body"],
    ]);
  });

  test.each<[string, (request: Request) => Promise<unknown>]>([
    ["text", (request) => request.text()],
    ["arrayBuffer", async (request) => Buffer.from(await request.arrayBuffer()).toString()],
    ["blob", async (request) => (await request.blob()).text()],
    ["json", async (request) => JSON.stringify(await request.json())],
    ["body", async (request) => buffer(request.body ?? Readable.from([])).then(String)],
    ["clone", async (request) => request.clone().text()],
  ])("its body is read by %s", async (_name, read) => {
    const body = '{"a":"\u00fc"}';
    expect(await told(read as Handler, "/", { method: "POST", body }, options)).toBe(body);
  });

  test("its body is read once", async () => {
    const seen = await told(
      async (request) => {
        const before = request.bodyUsed;
        await request.text();
        const again = await request.text().catch((error) => error.constructor.name);
        let clone = "cloned";
        try {
          request.clone();
        } catch (error) {
          clone = (error as Error).constructor.name;
        }
        return [before, request.bodyUsed, again, clone];
      },
      "/",
      { method: "POST", body: "x" },
      options,
    );
    expect(seen).toEqual([false, true, "TypeError", "TypeError"]);
  });

  test("GET has no body", async () => {
    const seen = await told(
      async (request) => [request.body, await request.text(), request.bodyUsed],
      "/",
      {},
      options,
    );
    expect(seen).toEqual([null, "", false]);
  });

  test("its signal is that of the environ", async () => {
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const { promise: waiting, resolve } = promised<void>();
    const asked = ask(
      async (request) => {
        request.signal.addEventListener("abort", () => reasons.push(request.signal.reason));
        resolve();
        await new Promise((done) => request.signal.addEventListener("abort", done));
        return new Response("late");
      },
      "/",
      { signal: controller.signal },
      options,
    );
    await waiting;
    controller.abort("gone");
    await asked;
    expect(reasons).toEqual(["gone"]);
  });

  test("an error of its body is the handler's to catch, or is answered as the body's fault", async () => {
    const body = async function* () {
      yield Buffer.from("part");
      throw new Error("the client has gone");
    };
    const request = { method: "POST", body: body() };
    expect(await told((one) => one.text().catch((error) => error.message), "/", request, options)).toBe(
      "the client has gone",
    );
  });
});

describe.each(ways)("a response with %s", (_title, options) => {
  const respond = (make: () => unknown, request: CallRequest = {}) => ask(make, "/", request, options);

  test("status, reason, headers, each cookie, no hop-by-hop header", async () => {
    const { status, reason, headers, text } = await respond(() => {
      const sent = new Headers({ "X-Foo": "a", Connection: "close", "Keep-Alive": "1", Status: "404" });
      sent.append("Set-Cookie", "a=1");
      sent.append("Set-Cookie", "b=2");
      sent.append("Transfer-Encoding", "chunked");
      return new Response("text", { status: 203, statusText: "So so", headers: sent });
    });
    expect([status, reason, text]).toEqual([203, "So so", "text"]);
    expect(headers.filter(([name]) => name.toLowerCase() !== "content-length").sort()).toEqual([
      ["content-type", expect.stringMatching(/^text\/plain; ?charset=UTF-8$/)],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-foo", "a"],
    ]);
  });

  test.each([204, 304])("%i has no body", async (status) => {
    const response = await respond(() => new Response(null, { status }));
    expect([response.status, response.text, response.header("content-type")]).toEqual([
      status,
      "",
      undefined,
    ]);
  });

  test("a body without a type is sent as text", async () => {
    expect((await respond(() => new Response(Buffer.from("x")))).header("content-type")).toMatch(
      /^text\/plain;/,
    );
    expect((await respond(() => new Response(null))).header("content-type")).toBe(undefined);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "text"],
    ["an object", { body: "text" }],
  ])("%s is none: 500, and the log says so", async (_name, value) => {
    const response = await respond(() => value);
    expect(response.status).toBe(500);
    expect(response.errors).toMatch(
      /ApplicationError: the fetch handler answered with .*, not with a Response/,
    );
  });

  test("Response.error() is answered 500", async () => {
    const response = await respond(() => Response.error());
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining("Response.error()")]);
  });

  test("one that was sent before is answered 500", async () => {
    const same = new Response("text");
    expect((await respond(() => same)).text).toBe("text");
    const second = await respond(() => same);
    expect([second.status, second.errors]).toEqual([500, expect.stringContaining("RESPONSE_USED")]);
  });

  // As GraphQL Yoga's: the body is a Proxy, which does not tell that it has a method, and names have capitals.
  test("of a polyfill", async () => {
    const { body } = new Response("text");
    const polyfill = {
      status: 200,
      headers: [["Content-Type", "text/x"]],
      body: new Proxy({}, { get: (_target, name) => name === "getReader" && (() => body?.getReader()) }),
    };
    const response = await ask(() => polyfill as unknown as Response);
    expect(response.headers).toEqual([
      ["Content-Type", "text/x"],
      ["Content-Length", "4"],
    ]);
    expect(response.text).toBe("text");
  });

  test("whose stream gives what is no chunk is a failure", async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(undefined);
        controller.enqueue(Buffer.from("text"));
        controller.close();
      },
    });
    const response = await ask(() => new Response(body));
    expect([response.status, response.errors]).toEqual([500, expect.stringContaining("a chunk is a string")]);
  });

  test("of another realm", async () => {
    const make = runInNewContext("(status, headers, body) => ({ status, headers, body })");
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("other"));
        controller.close();
      },
    });
    const response = await respond(() => make(202, new Map([["x-foo", "bar"]]), body));
    expect([response.status, response.reason, response.text]).toEqual([202, "Accepted", "other"]);
    expect(response.header("x-foo")).toBe("bar");
  });

  test.each([
    ["a line break in a header", { status: 200, headers: [["x-foo", "a\r\nb"]], body: null }],
    ["a status that is none", { status: 42, headers: [], body: null }],
    ["a line break in the reason", { status: 200, statusText: "OK\r\nX-Foo: a", headers: [], body: null }],
  ])("%s is refused", async (_name, value) => {
    expect((await respond(() => value)).status).toBe(500);
  });

  test("a handler that throws or rejects is answered 500 and logged", async () => {
    const thrown = await respond(() => {
      throw new Error("hidden");
    });
    const rejected = await respond(() => Promise.reject(new Error("hidden")));
    for (const { status, text, errors } of [thrown, rejected]) {
      expect([status, text]).toEqual([500, "Internal Server Error\n"]);
      expect(errors).toContain("Error: hidden");
    }
  });

  test("a stream that fails before its first chunk is answered 500, behind it the response is cut", async () => {
    const failing = (first: boolean) =>
      new ReadableStream({
        pull(controller) {
          if (!first) throw new Error("broken");
          first = false;
          controller.enqueue(Buffer.from("part"));
        },
      });
    const early = await respond(() => new Response(failing(false)));
    expect([early.status, early.cut]).toEqual([500, false]);
    const late = await respond(() => new Response(failing(true)));
    expect([late.status, late.cut, late.text]).toEqual([200, true, "part"]);
  });

  test("HEAD takes a stream's first chunk and cancels it", async () => {
    let cancelled = 0;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.from("for ever")),
      cancel: () => void cancelled++,
    });
    const response = await respond(() => new Response(body, { headers: { "X-Foo": "bar" } }), {
      method: "HEAD",
    });
    expect([response.status, response.text, response.header("x-foo")]).toEqual([200, "", "bar"]);
    expect(cancelled).toBe(1);
  });
});
