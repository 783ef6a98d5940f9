// One breach for each rule of docs/gateway.md, found by the rule's id, and applications that keep them all.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { ApplicationError, GatewayError } from "../../lib/errors.ts";
import type { Application, Environ, Header, StartResponse, Write } from "../../lib/gateway/types.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { compiled } from "../support/dist.ts";
import { testEnviron } from "../support/environ.ts";

const plain: readonly Header[] = [["Content-Type", "text/plain"]];
const taken: Write = () => Promise.resolve();
const startNothing: StartResponse = () => taken;

/** An application, or something that only claims to be one: breaches are not what the types allow. */
type Unchecked = (environ: Environ, startResponse: (...call: unknown[]) => Write) => unknown;

const good: Application = (_environ, startResponse) => {
  startResponse("200 OK", plain);
  return ["ok"];
};

/** What a server does with an application, its body read to the end. */
async function serve(application: Unchecked, changes = {}, start: StartResponse = startNothing) {
  const { environ } = testEnviron(changes);
  const body = await validate(application as Application)(environ, start);
  for await (const chunk of body) void chunk;
}

function starting(status: unknown, headers: unknown, ...error: unknown[]): Unchecked {
  return (_environ, startResponse) => {
    startResponse(status, headers, ...error);
    return [];
  };
}

function answering(body: unknown, headers: readonly Header[] = plain, status = "200 OK"): Unchecked {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return body;
  };
}

async function breachOf(run: () => unknown): Promise<GatewayError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

class OwnEnviron {}

const environs: readonly [rule: string, what: string, changes: Record<string | symbol, unknown>][] = [
  ["VE-04", "a symbol as key", { [Symbol("key")]: "" }],
  ["VE-05", "a number as variable", { REMOTE_PORT: 80 }],
  ["VE-05", "a code point above 255", { PATH_INFO: "/\u0151" }],
  ["VE-06", "no REQUEST_METHOD", { REQUEST_METHOD: undefined }],
  ["VE-06", "no SCRIPT_NAME", { SCRIPT_NAME: undefined }],
  ["VE-06", "no PATH_INFO", { PATH_INFO: undefined }],
  ["VE-06", "no SERVER_NAME", { SERVER_NAME: undefined }],
  ["VE-06", "no SERVER_PORT", { SERVER_PORT: undefined }],
  ["VE-06", "no SERVER_PROTOCOL", { SERVER_PROTOCOL: undefined }],
  ["VE-07", "no wsgi.version", { "wsgi.version": undefined }],
  ["VE-07", "no wsgi.url_scheme", { "wsgi.url_scheme": undefined }],
  ["VE-07", "no wsgi.input", { "wsgi.input": undefined }],
  ["VE-07", "no wsgi.errors", { "wsgi.errors": undefined }],
  ["VE-07", "no wsgi.multithread", { "wsgi.multithread": undefined }],
  ["VE-07", "no wsgi.multiprocess", { "wsgi.multiprocess": undefined }],
  ["VE-07", "no wsgi.run_once", { "wsgi.run_once": undefined }],
  ["VE-08", "a version of three", { "wsgi.version": [1, 0, 1] }],
  ["VE-08", "a version as text", { "wsgi.version": "1.0" }],
  ["VE-09", "another scheme", { "wsgi.url_scheme": "ws" }],
  ["VE-10", "HTTP_CONTENT_TYPE", { HTTP_CONTENT_TYPE: "text/plain" }],
  ["VE-10", "HTTP_CONTENT_LENGTH", { HTTP_CONTENT_LENGTH: "1" }],
  ["VE-11", "no QUERY_STRING", { QUERY_STRING: undefined }],
  ["VE-12", "a method that is no token", { REQUEST_METHOD: "GE T" }],
  ["VE-13", "a slash as SCRIPT_NAME", { SCRIPT_NAME: "/" }],
  ["VE-13", "a SCRIPT_NAME without slash", { SCRIPT_NAME: "app" }],
  ["VE-15", "a PATH_INFO without slash", { PATH_INFO: "page" }],
  ["VE-16", "neither SCRIPT_NAME nor PATH_INFO", { PATH_INFO: "" }],
  ["VE-17", "a sign in CONTENT_LENGTH", { CONTENT_LENGTH: "+5" }],
  ["VE-17", "a space in CONTENT_LENGTH", { CONTENT_LENGTH: " 5" }],
  ["VE-17", "a CONTENT_LENGTH that cannot be counted", { CONTENT_LENGTH: "99999999999999999999" }],
  ["VE-18", "an empty SERVER_NAME", { SERVER_NAME: "" }],
  ["VE-18", "an IPv6 address without brackets", { SERVER_NAME: "::1" }],
  ["VE-19", "a SERVER_PORT that is no number", { SERVER_PORT: "http" }],
  ["VE-19", "an empty SERVER_PORT", { SERVER_PORT: "" }],
  ["VE-20", "another protocol", { SERVER_PROTOCOL: "INCLUDED" }],
  ["VE-22", "bytes as input", { "wsgi.input": Buffer.from("body") }],
  ["VE-22", "an input with an encoding", { "wsgi.input": new Readable().setEncoding("utf8") }],
  ["VE-22", "an input of objects", { "wsgi.input": Readable.from(["body"]) }],
  ["VE-23", "errors that cannot be written to", { "wsgi.errors": { end() {}, on() {} } }],
  ["VE-25", "a wsgi. key of somebody's own", { "wsgi.session": {} }],
  ["VE-27", "no postern.signal", { "postern.signal": undefined }],
  ["VE-27", "no postern.file_wrapper", { "postern.file_wrapper": undefined }],
  ["VE-28", "HTTP_PROXY", { HTTP_PROXY: "http://attacker.example/" }],
  ["VE-29", "HTTP_TRANSFER_ENCODING", { HTTP_TRANSFER_ENCODING: "chunked" }],
  ["VE-30", "http although HTTPS is on", { HTTPS: "on" }],
  ["VE-31", "a number for true", { "wsgi.multithread": 1 }],
  ["VE-32", "a controller for its signal", { "postern.signal": new AbortController() }],
  ["VE-33", "no function as file wrapper", { "postern.file_wrapper": {} }],
];

const warnings: readonly [rule: string, changes: Record<string, string>, warning: RegExp][] = [
  ["VE-12", { REQUEST_METHOD: "FETCH" }, /REQUEST_METHOD is 'FETCH'/],
  ["VE-14", { SCRIPT_NAME: "/app/" }, /SCRIPT_NAME is '\/app\/'/],
  [
    "VE-17",
    { CONTENT_LENGTH: "", SERVER_SOFTWARE: "nginx/1.22.1" },
    /CONTENT_LENGTH is empty: nginx\/1\.22\.1/,
  ],
  ["VE-21", { HTTP_HOST: "not a host" }, /HTTP_HOST is 'not a host'/],
];

/** By the environ's own shape, which a change of its keys cannot break. */
const objects: readonly [rule: string, what: string, change: (environ: Environ) => unknown][] = [
  ["VE-03", "a frozen environ", (environ) => Object.freeze(environ)],
  ["VE-03", "an environ of a class", (environ) => Object.assign(new OwnEnviron(), environ)],
  ["VE-03", "a string", () => "environ"],
  ["VE-26", "a getter without setter", (environ) => define(environ, { get: () => 1, enumerable: true })],
  ["VE-26", "a hidden key", (environ) => define(environ, { value: 1, writable: true })],
  ["VE-26", "a read-only key", (environ) => define(environ, { value: 1, enumerable: true })],
];

function define(environ: Environ, property: PropertyDescriptor): Environ {
  return Object.defineProperty(environ, "example.lazy", property);
}

const applications: readonly [rule: string, what: string, code: string, application: Unchecked][] = [
  ["VR-01", "one argument", "GATEWAY_START_RESPONSE", (_environ, start) => [start("200 OK")]],
  ["VR-01", "four arguments", "GATEWAY_START_RESPONSE", starting("200 OK", plain, undefined, "more")],
  ["VR-02", "a number as status", "GATEWAY_STATUS", starting(200, plain)],
  ["VR-02", "a status without phrase", "GATEWAY_STATUS", starting("200", plain)],
  ["VR-02", "a status with an empty phrase", "GATEWAY_STATUS", starting("200 ", plain)],
  ["VR-02", "two spaces", "GATEWAY_STATUS", starting("200  OK", plain)],
  ["VR-02", "two digits", "GATEWAY_STATUS", starting("99 Low", plain)],
  ["VR-02", "four digits", "GATEWAY_STATUS", starting("1000 High", plain)],
  ["VR-02", "an interim status", "GATEWAY_STATUS", starting("103 Early Hints", [])],
  ["VR-02", "a line break in the status", "GATEWAY_STATUS", starting("200 OK\r\nX: y", plain)],
  ["VR-02", "a status of more than bytes", "GATEWAY_STATUS", starting("200 \u2713", plain)],
  ["VR-03", "no headers", "GATEWAY_HEADERS", starting("200 OK", undefined)],
  ["VR-03", "headers as a string", "GATEWAY_HEADERS", starting("200 OK", "A: b")],
  ["VR-03", "headers as a record", "GATEWAY_HEADERS", starting("200 OK", { "Content-Type": "text/plain" })],
  ["VR-03", "a flat list", "GATEWAY_HEADERS", starting("200 OK", ["Content-Type", "text/plain"])],
  ["VR-03", "a pair of three", "GATEWAY_HEADERS", starting("200 OK", [["A", "b", "c"]])],
  ["VR-04", "a header Status", "GATEWAY_HEADERS", starting("200 OK", [["status", "404 Not Found"]])],
  ["VR-05", "a space in a name", "GATEWAY_HEADERS", starting("200 OK", [["X Y", "z"]])],
  ["VR-05", "a colon in a name", "GATEWAY_HEADERS", starting("200 OK", [["X:", "z"]])],
  ["VR-05", "an empty name", "GATEWAY_HEADERS", starting("200 OK", [["", "z"]])],
  ["VR-05", "a line break in a name", "GATEWAY_HEADERS", starting("200 OK", [["X\n", "z"]])],
  [
    "VR-05",
    "a letter beyond ASCII in a name",
    "GATEWAY_HEADERS",
    starting("200 OK", [["Gr\u00fc\u00dfe", "z"]]),
  ],
  ["VR-06", "CR LF in a value", "GATEWAY_HEADERS", starting("200 OK", [["X", "a\r\nSet-Cookie: b"]])],
  ["VR-06", "a lone LF in a value", "GATEWAY_HEADERS", starting("200 OK", [["X", "a\nb"]])],
  ["VR-06", "NUL in a value", "GATEWAY_HEADERS", starting("200 OK", [["X", "a\0b"]])],
  ["VR-06", "a tab in a value", "GATEWAY_HEADERS", starting("200 OK", [["X", "a\tb"]])],
  ["VR-06", "DEL in a value", "GATEWAY_HEADERS", starting("200 OK", [["X", "a\x7fb"]])],
  ["VR-07", "a number as value", "GATEWAY_HEADERS", starting("200 OK", [["Age", 1]])],
  ["VR-07", "no value", "GATEWAY_HEADERS", starting("200 OK", [["Age", undefined]])],
  ["VR-08", "a body without Content-Type", "GATEWAY_BODY", answering(["text"], [])],
  ["VR-09", "Content-Type on 204", "GATEWAY_HEADERS", starting("204 No Content", plain)],
  [
    "VR-09",
    "Content-Length on 304",
    "GATEWAY_HEADERS",
    starting("304 Not Modified", [["Content-Length", "0"]]),
  ],
  ["VR-10", "a string as error", "GATEWAY_START_RESPONSE", starting("500 Oops", plain, "reason")],
  [
    "VR-11",
    "two calls",
    "GATEWAY_START_RESPONSE",
    (_environ, start) => {
      start("200 OK", plain);
      start("404 Not Found", plain);
    },
  ],
  [
    "VR-12",
    "a number to write",
    "GATEWAY_WRITE",
    (_environ, start) => start("200 OK", plain)(1 as unknown as string),
  ],
  ["VR-13", "Connection", "GATEWAY_HEADERS", starting("200 OK", [["Connection", "close"]])],
  ["VR-13", "Transfer-Encoding", "GATEWAY_HEADERS", starting("200 OK", [["transfer-encoding", "chunked"]])],
  ["VR-13", "Upgrade", "GATEWAY_HEADERS", starting("200 OK", [["Upgrade", "h2c"]])],
  [
    "VR-14",
    "a body that is too short",
    "GATEWAY_BODY",
    answering(["abc"], [...plain, ["Content-Length", "4"]]),
  ],
  [
    "VR-14",
    "a body that is too long",
    "GATEWAY_BODY",
    answering(["abc"], [...plain, ["Content-Length", "2"]]),
  ],
  [
    "VR-14",
    "a length in characters",
    "GATEWAY_BODY",
    answering(generate("gr\u00fc\u00dfe"), [...plain, ["Content-Length", "5"]]),
  ],
  [
    "VR-15",
    "write while the body is iterated",
    "GATEWAY_WRITE",
    function* (_environ, start) {
      const write = start("200 OK", plain);
      void write("late");
      yield "body";
    },
  ],
  ["VR-17", "a value of more than bytes", "GATEWAY_HEADERS", starting("200 OK", [["X", "\u20ac"]])],
  [
    "VR-18",
    "two Content-Types",
    "GATEWAY_HEADERS",
    starting("200 OK", [...plain, ["content-type", "text/html"]]),
  ],
  [
    "VR-19",
    "a Content-Length in hexadecimal",
    "GATEWAY_HEADERS",
    starting("200 OK", [["Content-Length", "0x5"]]),
  ],
  ["VB-01", "no body", "GATEWAY_BODY", answering(undefined)],
  ["VB-01", "null", "GATEWAY_BODY", answering(null)],
  ["VB-01", "false", "GATEWAY_BODY", answering(false)],
  ["VB-01", "a promise of nothing", "GATEWAY_BODY", answering(Promise.resolve())],
  ["VB-02", "a string as body", "GATEWAY_BODY", answering("text")],
  ["VB-02", "a Buffer as body", "GATEWAY_BODY", answering(Buffer.from("text"))],
  ["VB-02", "a promise of a string", "GATEWAY_BODY", answering(Promise.resolve("text"))],
  ["VB-03", "a number as chunk", "GATEWAY_BODY", answering([1])],
  ["VB-03", "a promise as chunk", "GATEWAY_BODY", answering(generate(Promise.resolve("text")))],
  ["VB-03", "an ArrayBuffer as chunk", "GATEWAY_BODY", answering(generateLater(new ArrayBuffer(1)))],
  ["VB-04", "a chunk before startResponse", "GATEWAY_BODY", () => generate("early")],
  ["VB-04", "an array before startResponse", "GATEWAY_BODY", () => ["early"]],
  ["VB-09", "a file that is not there", "GATEWAY_BODY", wrapping("/nowhere/at/all")],
  ["VB-09", "a folder for a file", "GATEWAY_BODY", wrapping(import.meta.dirname)],
  ["VB-12", "the end of wsgi.errors", "GATEWAY_ERRORS", (environ) => environ["wsgi.errors"].end()],
  [
    "VB-13",
    "bytes to wsgi.errors",
    "GATEWAY_ERRORS",
    (environ) => environ["wsgi.errors"].write(Buffer.from("log")),
  ],
  ["VB-14", "half a surrogate pair", "GATEWAY_BODY", answering(["\u{1f6aa}".slice(0, 1)])],
  ["VB-15", "a body for 304", "GATEWAY_BODY", answering(["text"], [], "304 Not Modified")],
  ["VB-16", "no startResponse for an empty generator", "GATEWAY_BODY", () => generate()],
  ["VB-17", "no startResponse for an empty array", "GATEWAY_BODY", () => []],
];

function* generate(...chunks: unknown[]) {
  yield* chunks;
}

async function* generateLater(...chunks: unknown[]) {
  yield* chunks;
}

function wrapping(path: string): Unchecked {
  return (environ, startResponse) => {
    startResponse("200 OK", plain);
    return environ["postern.file_wrapper"](path);
  };
}

/** What a server must not do with a body of two chunks. */
const servers: readonly [rule: string, what: string, use: (body: Iterable<string>) => unknown][] = [
  [
    "VB-05",
    "a chunk after return()",
    (body) => {
      const iterator = body[Symbol.iterator]();
      iterator.next();
      iterator.return?.();
      iterator.next();
    },
  ],
  ["VB-06", "two iterations", (body) => [[...body], [...body]]],
  [
    "VB-19",
    "return() twice",
    (body) => {
      const iterator = body[Symbol.iterator]();
      iterator.next();
      iterator.return?.();
      iterator.return?.();
    },
  ],
  [
    "VB-19",
    "return() after the end",
    (body) => {
      const iterator = body[Symbol.iterator]();
      while (iterator.next().done !== true);
      iterator.return?.();
    },
  ],
];

/** A program that drops one body and reads another. */
const forgetful = `
  import { validate } from ${JSON.stringify(compiled("middleware/validate.ts"))};
  import { call } from ${JSON.stringify(compiled("testing/call.ts"))};
  const application = validate((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return new Set(["text"]);
  });
  await call((environ, startResponse) => {
    application(environ, startResponse);
    return [];
  }, "/forgotten");
  await call(application, "/read");
`;

/** Rules that have a test of their own below. */
const apart = ["VE-01", "VE-02", "VR-16", "VR-20", "VB-07", "VB-18", "VB-20"];

describe("every rule of the specification", () => {
  test("has a breach here", () => {
    const page = readFileSync(new URL("../../docs/gateway.md", import.meta.url), "utf8");
    const stated = [...page.matchAll(/^- \*\*(V[ERB]-\d\d)\*\*/gm)].map(([, rule]) => rule);
    const broken = [...environs, ...warnings, ...objects, ...applications, ...servers].map(([rule]) => rule);
    expect([...new Set([...broken, ...apart])].sort()).toEqual(stated.sort());
  });
});

describe("the server's side", () => {
  test.each(environs)("%s: %s", async (_rule, _what, changes) => {
    const breach = await breachOf(() => serve(good as Unchecked, changes));
    expect(breach).not.toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe("GATEWAY_ENVIRON");
  });

  test.each(objects)("%s: %s", async (_rule, _what, change) => {
    const environ = change(testEnviron().environ) as Environ;
    const breach = await breachOf(() => validate(good)(environ, startNothing));
    expect(breach).not.toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe("GATEWAY_ENVIRON");
  });

  test.each(warnings)("%s: a warning for %o", async (_rule, changes, warning) => {
    const { environ, errors } = testEnviron(changes);
    expect(validate(good)(environ, startNothing)).toEqual(["ok"]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(warning);
  });

  test.each(servers)("%s: %s", async (_rule, _what, use) => {
    const { environ } = testEnviron();
    const body = validate(answering(generate("a", "b")) as Application)(environ, startNothing);
    const breach = await breachOf(() => use(body as Iterable<string>));
    expect(breach).not.toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe("GATEWAY_ITERATION");
  });

  test("VE-02: one argument", async () => {
    const validated = validate(good) as unknown as (environ: Environ) => unknown;
    expect((await breachOf(() => validated(testEnviron().environ))).code).toBe("GATEWAY_CALL");
  });

  test("VE-02: startResponse is no function", async () => {
    const breach = await breachOf(() => validate(good)(testEnviron().environ, {} as StartResponse));
    expect(breach.code).toBe("GATEWAY_CALL");
  });

  test("VR-20: write returns no promise", async () => {
    const breach = await breachOf(() =>
      serve(
        (_environ, startResponse) => startResponse("200 OK", plain)("text"),
        {},
        () => (() => {}) as unknown as Write,
      ),
    );
    expect(breach).not.toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe("GATEWAY_ITERATION");
  });

  test("VB-18: two chunks at once", async () => {
    const { environ } = testEnviron();
    const body = await validate(answering(generateLater("a", "b")) as Application)(environ, startNothing);
    const iterator = (body as AsyncIterable<string>)[Symbol.asyncIterator]();
    const first = iterator.next();
    expect((await breachOf(() => iterator.next())).code).toBe("GATEWAY_ITERATION");
    expect(await first).toEqual({ done: false, value: "a" });
    await iterator.return?.();
  });

  test("VB-07: a body that nobody reads is open", async () => {
    const { environ } = testEnviron({ PATH_INFO: "/forgotten" });
    const body = validate(answering(generate("a")) as Application)(environ, startNothing);
    expect(openBodies()).toContain("GET /forgotten");
    for (const chunk of body as Iterable<string>) void chunk;
    expect(openBodies()).not.toContain("GET /forgotten");
  });

  test("VB-07: a body that is open when the process has nothing left to do is named", async () => {
    const child = spawnSync(process.execPath, ["--input-type=module", "--eval", forgetful], {
      encoding: "utf8",
    });
    expect(child.stderr).toBe(
      "validate: the body of GET /forgotten was neither read to its end nor left by return()\n",
    );
  });

  test("VB-07: a body that was left is not open", async () => {
    const { environ } = testEnviron({ PATH_INFO: "/left" });
    const body = validate(answering(generate("a", "b")) as Application)(environ, startNothing);
    for (const chunk of body as Iterable<string>) if (chunk === "a") break;
    expect(openBodies()).not.toContain("GET /left");
  });

  test("VB-20: a body with close() is open until it is closed, and closed once", async () => {
    const { environ } = testEnviron({ PATH_INFO: "/closable" });
    let closed = 0;
    const closable = Object.assign(generate("a"), { close: () => closed++ });
    const body = validate(answering(closable) as Application)(environ, startNothing) as Iterable<string> & {
      close(): void;
    };
    for (const chunk of body) void chunk;
    expect(openBodies()).toContain("GET /closable");
    body.close();
    expect(openBodies()).not.toContain("GET /closable");
    expect((await breachOf(() => body.close())).code).toBe("GATEWAY_ITERATION");
    expect(closed).toBe(1);
  });
});

describe("the application's side", () => {
  test.each(applications)("%s: %s", async (_rule, _what, code, application) => {
    const breach = await breachOf(() => serve(application));
    expect(breach).toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe(code);
  });

  test("VE-01: an application that is no function is refused when it is wrapped", async () => {
    const breach = await breachOf(() => validate({ application: good } as unknown as Application));
    expect(breach).toBeInstanceOf(ApplicationError);
    expect(breach.code).toBe("GATEWAY_APPLICATION");
  });

  test("VR-16: startResponse after the end", async () => {
    let late: (() => unknown) | undefined;
    await serve((_environ, startResponse) => {
      startResponse("200 OK", plain);
      late = () => startResponse("500 Oops", plain, new Error("late"));
      return generate("text");
    });
    expect((await breachOf(() => late?.())).code).toBe("GATEWAY_START_RESPONSE");
  });

  test("a breach in a generator runs its finally", async () => {
    const events: string[] = [];
    await breachOf(() =>
      serve(function* (_environ, startResponse) {
        startResponse("200 OK", plain);
        try {
          yield 1;
        } finally {
          events.push("finally");
        }
      }),
    );
    expect(events).toEqual(["finally"]);
  });
});

const allowed: readonly [what: string, application: Unchecked, changes?: Record<string, unknown>][] = [
  ["an array", good as Unchecked],
  ["an empty array", answering([])],
  ["bytes", answering([Buffer.from("a"), new Uint8Array([98])])],
  ["a generator that starts late", startingLate],
  ["an async generator", answering(generateLater("a", "", "b"))],
  ["a promise of an array", answering(Promise.resolve(["a"]))],
  ["a set", answering(new Set(["a"]))],
  ["a stream", answering(Readable.from(["a", "b"]))],
  ["a file", wrapping(import.meta.filename)],
  ["headers in a Map", starting("200 OK", new Map([["X", "y"]]))],
  ["headers from a generator", starting("200 OK", generate(["X", "y"]))],
  ["fetch's Headers", starting("200 OK", new Headers({ "Content-Type": "text/plain" }))],
  [
    "two Set-Cookies",
    answering(
      [],
      [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
      ],
    ),
  ],
  ["a Latin-1 value", answering([], [["X", "caf\u00e9"]])],
  ["an odd but lawful name", answering([], [["x-!#$%&'*+.^_`|~", "y"]])],
  ["an empty value", answering([], [["X", ""]])],
  ["204", answering([], [], "204 No Content")],
  ["304 with an empty chunk", answering(generate(""), [["ETag", '"1"']], "304 Not Modified")],
  ["a length in bytes of UTF-8", answering(["gr\u00fc\u00dfe"], [...plain, ["Content-Length", "7"]])],
  ["a redirect without body", answering([], [["Location", "/"]], "303 See Other")],
  [
    "HEAD with the length of GET",
    answering([], [...plain, ["Content-Length", "9"]]),
    { REQUEST_METHOD: "HEAD" },
  ],
  ["a method that nobody knows", good as Unchecked, { REQUEST_METHOD: "FETCH" }],
  ["a mounted application", good as Unchecked, { SCRIPT_NAME: "/app", PATH_INFO: "" }],
  ["OPTIONS *", good as Unchecked, { REQUEST_METHOD: "OPTIONS", REQUEST_URI: "*", PATH_INFO: "" }],
  ["an extension", good as Unchecked, { "example.session": {} }],
  ["https", good as Unchecked, { HTTPS: "on", "wsgi.url_scheme": "https" }],
  ["an IPv6 server", good as Unchecked, { SERVER_NAME: "[::1]", HTTP_HOST: "[::1]:8080" }],
  ["raw bytes in a path", good as Unchecked, { PATH_INFO: "/\u00c3\u00a9\n" }],
];

function* startingLate(_environ: Environ, startResponse: (...call: unknown[]) => Write) {
  yield "";
  startResponse("200 OK", plain);
  startResponse("404 Not Found", plain, new Error("changed its mind"));
  yield "sorry";
}

describe("what keeps the rules", () => {
  test.each(allowed)("passes: %s", async (_what, application, changes = {}) => {
    const { environ, errors } = testEnviron(changes);
    const body = await validate(application as Application)(environ, startNothing);
    for await (const chunk of body) void chunk;
    if (!("REQUEST_METHOD" in changes)) expect(errors).toEqual([]);
  });

  test("passes with write, before the body", async () => {
    const written: unknown[] = [];
    await serve(
      async (_environ, startResponse) => {
        const write = startResponse("200 OK", [...plain, ["Content-Length", "6"]]);
        await write("a");
        await write("");
        await write(Buffer.from("bc"));
        return ["def"];
      },
      {},
      () => async (chunk) => void written.push(String(chunk)),
    );
    expect(written).toEqual(["a", "", "bc"]);
  });

  test("goes on as it came: the same array, at once", () => {
    const body = ["a", "b"];
    expect(validate(answering(body) as Application)(testEnviron().environ, startNothing)).toBe(body);
  });

  test("stays synchronous with a generator", () => {
    const body = validate(answering(generate("a", "b")) as Application)(testEnviron().environ, startNothing);
    expect([...(body as Iterable<string>)]).toEqual(["a", "b"]);
  });

  test("keeps a file body's path and range", () => {
    const application: Application = (environ, startResponse) => {
      startResponse("206 Partial Content", plain);
      return environ["postern.file_wrapper"](import.meta.filename, { start: 1, end: 2 });
    };
    expect(validate(application)(testEnviron().environ, startNothing)).toMatchObject({
      path: import.meta.filename,
      range: { start: 1, end: 2 },
    });
  });

  test("can be wrapped twice", async () => {
    expect(await call(validate(validate(good)), "/")).toMatchObject({ status: 200, text: "ok", errors: "" });
  });

  test("does not make what nobody reads", () => {
    const { environ } = testEnviron({ "postern.signal": undefined });
    let made = 0;
    Object.defineProperty(environ, "postern.signal", {
      get: () => {
        made++;
        return new AbortController().signal;
      },
      set() {},
      enumerable: true,
      configurable: true,
    });
    validate(good)(environ, startNothing);
    expect(made).toBe(0);
    expect(environ["postern.signal"]).toBe(environ["postern.signal"]);
    expect(made).toBe(1);
  });

  test("lets wsgi.errors be written to as by console.Console", async () => {
    const { Console } = await import("node:console");
    const { environ, errors } = testEnviron();
    validate((inner, startResponse) => {
      new Console({ stdout: inner["wsgi.errors"] }).log("a line");
      startResponse("204 No Content", []);
      return [];
    })(environ, startNothing);
    expect(errors.join("")).toBe("a line\n");
  });
});
