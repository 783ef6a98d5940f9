import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deferredEnviron } from "../../lib/gateway/deferred-environ.ts";
import type { GatewayValues } from "../../lib/gateway/environ.ts";
import { LazyKey } from "../../lib/gateway/lazy-key.ts";
import { eachHeader, plainEnviron } from "../../lib/gateway/plain-environ.ts";
import type { Environ } from "../../lib/gateway/types.ts";
import type { Variable } from "../../lib/gateway/variables.ts";
import { gatewayValues, received } from "../support/received-variables.ts";
import { entries, expectSameEnviron, madeAtOnce, type Variables } from "../support/same-environ.ts";

const sent: Variables = [
  ["REQUEST_METHOD", "GET"],
  ["SCRIPT_NAME", "/app"],
  ["PATH_INFO", "/x"],
  ["REQUEST_URI", "/app/x?y"],
  ["SERVER_SOFTWARE", "lighttpd/1.4.69"],
  ["HTTP_HOST", "example.org:8080"],
  ["HTTP_COOKIE", "a=1"],
  ["CONTENT_TYPE", ""],
];

function deferred(
  variables: Variables = sent,
  values: GatewayValues = gatewayValues(),
  known?: Map<string, Variable>,
): Environ {
  return deferredEnviron(received(variables, known), values, {});
}

describe("it is the environ that is made at once", () => {
  const names = [
    "SCRIPT_NAME",
    "PATH_INFO",
    "REQUEST_URI",
    "DOCUMENT_URI",
    "QUERY_STRING",
    "SCRIPT_FILENAME",
    "SERVER_SOFTWARE",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "HTTPS",
    "REQUEST_SCHEME",
    "HTTP_HOST",
    "HTTP_COOKIE",
    "HTTP_ACCEPT",
    "HTTP_PROXY",
    "HTTP_TRANSFER_ENCODING",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "REMOTE_USER",
    "wsgi.input",
    "__proto__",
    "constructor",
  ];
  const values = [
    "",
    "/",
    "/app",
    "/app/",
    "/app/x",
    "/app/x?y=1",
    "/a/../b",
    "/%2e%2e/b",
    "nginx/1.22.1",
    "proxy:fcgi://x/y",
  ];
  const variables = fc.array(
    fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values, "on", "5", "https", "example.org:80")),
    { maxLength: 20 },
  );

  test("whatever a web server sends, and in whatever order it is read", () => {
    fc.assert(
      fc.property(
        variables,
        fc.shuffledSubarray([...names, "wsgi.url_scheme", "postern.chunked"]),
        (some, asked) => {
          const all: Variables = [["REQUEST_METHOD", "GET"], ...some];
          const gateway = gatewayValues();
          expectSameEnviron(
            () => deferred(all, gateway),
            () => madeAtOnce(all, gateway),
            asked,
          );
        },
      ),
    );
  });

  test.each([
    ["that are known", new Map<string, Variable>()],
    ["that nobody keeps", undefined],
  ])("repeated names %s mean the same in each request", (_names, known) => {
    const repeated: Variables = [
      ["REQUEST_METHOD", "GET"],
      ["HTTP_X_FORWARDED_FOR", "192.0.2.1"],
      ["HTTP_COOKIE", "a=1"],
      ["SERVER_NAME", "one"],
      ["CONTENT_LENGTH", "5"],
      ["HTTP_X_FORWARDED_FOR", "192.0.2.2"],
      ["HTTP_COOKIE", "b=2"],
      ["SERVER_NAME", "two"],
      ["CONTENT_LENGTH", "5"],
    ];
    const joined = {
      HTTP_X_FORWARDED_FOR: "192.0.2.1, 192.0.2.2",
      HTTP_COOKIE: "a=1; b=2",
      SERVER_NAME: "two",
      CONTENT_LENGTH: "5",
    };
    const read = (some: Variables) => deferred(some, gatewayValues(), known);
    for (let request = 0; request < 3; request++) {
      expect(read(repeated).HTTP_COOKIE).toBe("a=1; b=2");
      expect(read(repeated)).toMatchObject(joined);
      expect({ ...read(repeated) }).toMatchObject(joined);
    }
    expect(read(sent).HTTP_COOKIE).toBe("a=1");
    expect(read([["REQUEST_METHOD", "GET"]]).HTTP_COOKIE).toBeUndefined();
    expect(() => read([...repeated, ["CONTENT_LENGTH", "6"]])).toThrow(
      expect.objectContaining({ code: "CONTENT_LENGTH" }),
    );
  });
});

describe("it is an ordinary object", () => {
  test("without a prototype, that can be listed, copied, looped over and shown", () => {
    const values = gatewayValues();
    const expected = entries(madeAtOnce(sent, values));
    expect(Object.getPrototypeOf(deferred())).toBeNull();
    expect(entries({ ...deferred(sent, values) } as Environ)).toEqual(expected);
    expect(entries(Object.assign(Object.create(null), deferred(sent, values)))).toEqual(expected);
    const looped: string[] = [];
    for (const name in deferred(sent, values)) looped.push(name);
    expect(looped.sort()).toEqual([...expected.keys(), "postern.signal"].sort());
    expect(JSON.parse(JSON.stringify(deferred([...sent])))).toMatchObject({
      HTTP_COOKIE: "a=1",
      PATH_INFO: "/x",
    });
    expect(inspect(deferred())).toContain("HTTP_COOKIE: 'a=1'");
    expect(Object.getOwnPropertySymbols(deferred())).toEqual([]);
    expect(String(Object.prototype.toString.call(deferred()))).toBe("[object Object]");
  });

  test("whose values are own, enumerable and may be changed", () => {
    const environ = deferred();
    const property = { writable: true, enumerable: true, configurable: true };
    expect(Object.getOwnPropertyDescriptor(environ, "HTTP_COOKIE")).toEqual({ ...property, value: "a=1" });
    expect(Object.getOwnPropertyDescriptor(environ, "HTTP_NONE")).toBeUndefined();
    expect(Object.hasOwn(environ, "PATH_INFO")).toBe(true);
    expect(Object.hasOwn(environ, "CONTENT_TYPE")).toBe(false);
    expect(Object.getOwnPropertyDescriptor(environ, "postern.signal")?.enumerable).toBe(true);
  });

  test("whose changes stay, whether it was read before or is read behind them", () => {
    for (const read of [() => {}, (environ: Environ) => void Object.keys(environ)]) {
      const environ = deferred();
      environ.PATH_INFO = "/changed";
      read(environ);
      environ.SCRIPT_NAME = "/other";
      environ["own.key"] = 1;
      environ.HTTP_COOKIE = undefined;
      delete environ.HTTP_HOST;
      expect({ ...environ }).toMatchObject({ PATH_INFO: "/changed", SCRIPT_NAME: "/other", "own.key": 1 });
      expect(environ.SERVER_NAME).toBe("example.org");
      expect([
        "HTTP_COOKIE" in environ,
        environ.HTTP_COOKIE,
        Object.keys(environ).includes("HTTP_COOKIE"),
      ]).toEqual([true, undefined, true]);
      expect(["HTTP_HOST" in environ, environ.HTTP_HOST, Object.keys(environ).includes("HTTP_HOST")]).toEqual(
        [false, undefined, false],
      );
    }
  });

  test("that can be the prototype of another", () => {
    const environ = deferred();
    const child: Environ = Object.create(environ);
    expect(child.HTTP_COOKIE).toBe("a=1");
    child.HTTP_COOKIE = "b=2";
    child["own.key"] = 1;
    expect([child.HTTP_COOKIE, environ.HTTP_COOKIE, environ["own.key"]]).toEqual(["b=2", "a=1", undefined]);
    expect(Object.keys(child)).toEqual(["HTTP_COOKIE", "own.key"]);
    expect(child["postern.signal"]).toBe(environ["postern.signal"]);
    expect(plainEnviron(child)).toBe(child);
  });

  test("that takes properties of every kind that can be changed again", () => {
    const environ = deferred();
    Object.defineProperty(environ, "own.value", { value: 1 });
    expect(environ["own.value"]).toBe(1);
    Object.defineProperty(environ, "own.path", {
      get(this: Environ) {
        return this.PATH_INFO;
      },
      configurable: true,
    });
    expect(environ["own.path"]).toBe("/x");
    const symbol = Symbol("own");
    const bySymbol = environ as unknown as Record<symbol, unknown>;
    expect(bySymbol[symbol]).toBeUndefined();
    bySymbol[symbol] = 1;
    expect([bySymbol[symbol], symbol in environ]).toEqual([1, true]);
    expect(() => Object.freeze(environ)).toThrow(TypeError);
  });

  test("which is the same one when it is asked for whole", () => {
    const environ = deferred();
    environ.PATH_INFO = "/changed";
    const plain = plainEnviron(environ);
    expect(inspect(plain, { showProxy: true })).not.toContain("Proxy");
    expect(plain.PATH_INFO).toBe("/changed");
    plain["own.key"] = 1;
    expect(environ["own.key"]).toBe(1);
    expect(plainEnviron(environ)).toBe(plain);
    expect(plainEnviron(plain)).toBe(plain);
  });
});

describe("what costs something is made when it is read", () => {
  test.each(["input", "errors"] as const)("wsgi.%s", (key) => {
    let made = 0;
    const values = gatewayValues();
    const counting = Object.defineProperty({ ...values }, key, {
      get() {
        made++;
        return values[key];
      },
    });
    const environ = deferred(sent, counting);
    expect([environ.PATH_INFO, environ.HTTP_COOKIE, made]).toEqual(["/x", "a=1", 0]);
    expect(environ[`wsgi.${key}`]).toBe(values[key]);
    expect(made).toBe(1);
  });

  test("postern.signal, which is aborted with its request", () => {
    const values = gatewayValues();
    let made = 0;
    const cancellation = {
      get signal() {
        made++;
        return values.cancellation.signal;
      },
    } as AbortController;
    const environ = deferred(sent, { ...values, cancellation });
    Object.getOwnPropertyDescriptors(environ);
    expect(["postern.signal" in environ, made]).toEqual([true, 0]);
    expect(environ["postern.signal"]).toBe(values.cancellation.signal);
    const other = new AbortController().signal;
    environ["postern.signal"] = other;
    expect(environ["postern.signal"]).toBe(other);
  });

  test("and so is a key that a middleware puts over it", () => {
    const environ = deferred();
    const before = environ["postern.signal"];
    const inner = new AbortController().signal;
    const asked: AbortSignal[] = [];
    new LazyKey("postern.signal").define(environ, (signal) => {
      asked.push(signal);
      return inner;
    });
    expect(asked).toEqual([]);
    expect([environ["postern.signal"], environ["postern.signal"], asked]).toEqual([inner, inner, [before]]);
  });
});

describe("the headers of a request", () => {
  const visited = (environ: Environ): [string, string][] => {
    const headers: [string, string][] = [];
    eachHeader(environ, (name, value) => headers.push([name, value]));
    return headers;
  };
  const headers: [string, string][] = [
    ["HTTP_HOST", "example.org:8080"],
    ["HTTP_COOKIE", "a=1"],
  ];

  test("are those that were sent, without the empty ones of a body", () => {
    expect(visited(deferred())).toEqual(headers);
    expect(visited(madeAtOnce(sent, gatewayValues()))).toEqual(headers);
    const body: Variables = [
      ["CONTENT_TYPE", "text/plain"],
      ["CONTENT_LENGTH", "5"],
      ["HTTP_EMPTY", ""],
      ["HTTP_PROXY", "http://forged/"],
    ];
    const some: Variables = [...sent.slice(0, -1), ...body];
    expect(visited(deferred(some))).toEqual([...headers, ...body.slice(0, 3)]);
    expect(visited(deferred(some)).sort()).toEqual(visited(madeAtOnce(some, gatewayValues())).sort());
  });

  test("are those that somebody has made of them", () => {
    const environ = deferred();
    environ.HTTP_HOST = "other.example";
    environ.HTTP_X_NEW = "1";
    delete environ.HTTP_COOKIE;
    expect(visited(environ).sort()).toEqual([
      ["HTTP_HOST", "other.example"],
      ["HTTP_X_NEW", "1"],
    ]);
    const typed = deferred();
    typed.CONTENT_TYPE = "text/plain";
    expect(visited(typed).sort()).toEqual([["CONTENT_TYPE", "text/plain"], ...headers].sort());
    const child: Environ = Object.create(deferred());
    child.HTTP_COOKIE = "b=2";
    expect(visited(child)).toContainEqual(["HTTP_COOKIE", "b=2"]);
  });

  test("are what they were where a key of an application was set, or all were looked at", () => {
    const environ = deferred();
    environ["x.session"] = { user: 1 };
    expect(visited(environ)).toEqual(headers);
    Object.keys(environ);
    expect(visited(environ).sort()).toEqual([...headers].sort());
    environ.HTTP_HOST = "other.example";
    expect(visited(environ)).toContainEqual(["HTTP_HOST", "other.example"]);
  });

  test("are joined where one was sent twice", () => {
    for (const known of [new Map<string, Variable>(), undefined])
      expect(visited(deferred([...sent, ["HTTP_COOKIE", "b=2"]], gatewayValues(), known))).toContainEqual([
        "HTTP_COOKIE",
        "a=1; b=2",
      ]);
  });
});
