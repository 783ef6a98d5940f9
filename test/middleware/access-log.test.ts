import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ProtocolError } from "../../lib/errors.ts";
import { reopenLogFiles } from "../../lib/gateway/log-file.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { type AccessEntry, type AccessLogOptions, accessLog } from "../../lib/middleware/access-log.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { testEnviron } from "../support/environ.ts";
import { temporaryFolder } from "../support/folder.ts";
import { between, says } from "./between.ts";

const head = ["200 OK", [["Content-Type", "text/plain"]]] as const;
/** Apache's own example, in whatever zone this machine is. */
const TIME = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`;

afterEach(() => void vi.useRealTimers());

/** The lines that a request leaves. */
async function logged(
  inner: Application,
  options: AccessLogOptions = {},
  target = "/",
  request: CallRequest = {},
): Promise<string[]> {
  const lines: string[] = [];
  await call(between(accessLog({ to: (line) => void lines.push(line), ...options }), inner), target, request);
  return lines;
}

/** One request's line. */
async function line(
  format: AccessLogOptions["format"],
  target = "/",
  request: CallRequest = {},
  inner = says("hello"),
) {
  const lines = await logged(inner, { format }, target, request);
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

describe("Apache's formats", () => {
  const request: CallRequest = {
    headers: { Referer: "http://here.example/start", "User-Agent": "curl/8.0" },
    environ: { REMOTE_ADDR: "203.0.113.9", REMOTE_USER: "ada" },
  };

  test("common", async () => {
    expect(await line("common", "/a%20b?q=1", request)).toMatch(
      new RegExp(String.raw`^203\.0\.113\.9 - ada ${TIME} "GET /a%20b\?q=1 HTTP/1\.1" 200 5$`),
    );
  });

  test("combined is the default", async () => {
    const rest = String.raw`"GET / HTTP/1\.1" 200 5 "http://here\.example/start" "curl/8\.0"$`;
    for (const format of ["combined", undefined] as const) {
      expect(await line(format, "/", request)).toMatch(
        new RegExp(`^203\\.0\\.113\\.9 - ada ${TIME} ${rest}`),
      );
    }
  });

  test("what is not there is a hyphen, and an empty user is seen", async () => {
    const bare = await line(
      "%h %u %b %{X-Own}i",
      "/",
      { environ: { REMOTE_ADDR: "", REMOTE_USER: "" } },
      says(""),
    );
    expect(bare).toBe('- "" - -');
  });
});

describe("a client begins no line of its own", () => {
  test.each([
    ['a "quote"', String.raw`a \"quote\"`],
    ["back\\slash", String.raw`back\\slash`],
    ["line\nbreak\r", String.raw`line\nbreak\r`],
    ["tab\tbell\x07back\bvertical\vform\f", String.raw`tab\tbell\x07back\bvertical\vform\x0c`],
    ["\x1b[31mred\x7f", String.raw`\x1b[31mred\x7f`],
    ["\0", String.raw`\x00`],
    ["gr\xc3\xbc\xdf", String.raw`gr\xc3\xbc\xdf`],
    ["csi\x9b", String.raw`csi\x9b`],
  ])("%j", async (value, written) => {
    const lines: string[] = [];
    const { environ } = testEnviron({ HTTP_USER_AGENT: value, REQUEST_URI: `/${value}`, REMOTE_USER: value });
    const format = '"%{User-Agent}i" %u "%r" %U %{HTTP_USER_AGENT}e';
    const app = accessLog({ format, to: (text) => void lines.push(text) })(says("hello"));
    await app(environ, () => () => Promise.resolve());
    expect(lines).toEqual([`"${written}" ${written} "GET /${written} HTTP/1.1" /${written} ${written}`]);
  });

  test("in JSON neither", async () => {
    const { environ } = testEnviron({
      HTTP_USER_AGENT: 'a "b"\n\x1b\x7f\x9b\\',
      REQUEST_URI: "/\xc3\xbc",
      REMOTE_USER: "\xfc",
    });
    const lines: string[] = [];
    const app = accessLog({ format: "json", to: (text) => void lines.push(text) })(says("hello"));
    await app(environ, () => () => Promise.resolve());
    const text = lines[0] ?? "";
    expect(text).toContain(String.raw`"user_agent":"a \"b\"\n\u001b\u007f\u009b\\"`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
    expect(JSON.parse(text)).toMatchObject({ target: "/ü", remote_user: "ü" });
  });
});

describe("directives", () => {
  const request: CallRequest = {
    method: "POST",
    host: "here.example:8080",
    headers: { "X-One": "1", "Content-Type": "text/plain" },
    body: "data",
    environ: { REMOTE_ADDR: "203.0.113.9" },
  };
  const inner: Application = (_environ, startResponse) => {
    startResponse("201 Created", [
      ["Content-Type", "text/plain"],
      ["X-Two", "2"],
      ["X-Two", "3"],
    ]);
    return ["hel", new Uint8Array(2), "ü"];
  };

  test.each([
    ["%%", "%"],
    ["%a %h", "203.0.113.9 203.0.113.9"],
    ["%l", "-"],
    ["%s %>s %<s", "201 201 201"],
    ["%b %B", "7 7"],
    ["%v %V %p", "here.example here.example:8080 8080"],
    ["%m %U %q %H", "POST /a%2Fb ?c=d HTTP/1.1"],
    ["%r", "POST /a%2Fb?c=d HTTP/1.1"],
    ["%P", String(process.pid)],
    ["%X", "-"],
    ["%{X-One}i %{content-type}i %{Content-Length}i %{X-None}i", "1 text/plain 4 -"],
    ["%{X-Two}o %{content-type}o %{X-None}o", "2, 3 text/plain -"],
    ["%{REQUEST_METHOD}e %{NONE}e %{wsgi.input}e", "POST - -"],
    ["%201{X-One}i %!201{X-One}i %200,404{X-One}i %!200,404{X-One}i", "1 - - 1"],
    ["plain text", "plain text"],
    ["a%mb%sc", "aPOSTb201c"],
  ])("%s is %s", async (format, written) => {
    expect(await line(format, "/a%2Fb?c=d", request, inner)).toBe(written);
  });

  test("a query that is not there is nothing", async () => {
    expect(await line("%m %U%q %s", "/a")).toBe("GET /a 200");
  });

  test("the target is put together where the web server does not say it", async () => {
    const { environ } = testEnviron({ SCRIPT_NAME: "/app", PATH_INFO: "/a b\xc3\xbc", QUERY_STRING: "c=d" });
    const lines: string[] = [];
    await accessLog({ format: "%r", to: (text) => void lines.push(text) })(says(""))(
      environ,
      () => () => Promise.resolve(),
    );
    expect(lines).toEqual(["GET /app/a%20b%C3%BC?c=d HTTP/1.1"]);
  });

  test("the request is the client's, whatever becomes of the environ; the user is who it turned out to be", async () => {
    const taking: Application = (environ, startResponse) => {
      environ.REQUEST_METHOD = "GET";
      environ.SCRIPT_NAME = "/a";
      environ.PATH_INFO = "/b";
      environ.REMOTE_USER = "ada";
      return says("")(environ, startResponse);
    };
    expect(await line("%m %U %u", "/a/b", { method: "PUT" }, taking)).toBe("PUT /a/b ada");
  });

  test("times", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date(2024, 1, 5, 3, 7, 9, 42) });
    const offset = -new Date().getTimezoneOffset();
    const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
    const zone = `${offset < 0 ? "-" : "+"}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
    expect(await line("%t")).toBe(`[05/Feb/2024:03:07:09 ${zone}]`);
    expect(await line("%{%Y-%m-%d %H:%M:%S}t")).toBe("2024-02-05 03:07:09");
    expect(await line("%{%a %A %b %B %e %j %y %D %F %I %p %R %T %z %%}t")).toBe(
      `Mon Monday Feb February  5 036 24 02/05/24 2024-02-05 03 AM 03:07 03:07:09 ${zone} %`,
    );
    const seconds = Math.floor(Date.now() / 1_000);
    expect(await line("%{sec}t %{msec}t %{msec_frac}t %{usec_frac}t %{%s}t %{begin:sec}t")).toBe(
      `${seconds} ${seconds}042 042 042000 ${seconds} ${seconds}`,
    );
  });

  test("a second that is over is not written again", async () => {
    const lines: string[] = [];
    const app = accessLog({ format: "%{%S}t", to: (text) => void lines.push(text) })(says(""));
    vi.useFakeTimers({ toFake: ["Date"], now: new Date(2024, 1, 5, 3, 7, 9, 999) });
    await call(app, "/");
    vi.setSystemTime(new Date(2024, 1, 5, 3, 7, 10, 0));
    await call(app, "/");
    expect(lines).toEqual(["09", "10"]);
  });

  test("durations, to the first byte and to the end", async () => {
    const slow: Application = (_environ, startResponse) => {
      startResponse(...head);
      return (async function* () {
        yield "";
        await new Promise((resolve) => setTimeout(resolve, 40));
        yield "a";
        await new Promise((resolve) => setTimeout(resolve, 40));
      })();
    };
    const written = await line("%D %^FB %{us}T %{ms}T %T %{s}T", "/", {}, slow);
    const [total = 0, first = 0, us = 0, ms = 0, s = 0, alsoS = 0] = written.split(" ").map(Number);
    // A timer may fire a little early.
    expect(first).toBeGreaterThan(38_000);
    expect(total - first).toBeGreaterThan(38_000);
    expect([us, ms, s, alsoS]).toEqual([total, Math.floor(total / 1_000), Math.floor(total / 1_000_000), s]);
  });

  test.each(["%", "%y", "%{x}s", "%{x}t %", "%{X-One}", "%{%Q}t", "%{min}T", "%20s", "%{}t"])(
    "%s is refused",
    (format) => {
      expect(() => accessLog({ format })).toThrow(expect.objectContaining({ code: "OPTION" }));
    },
  );
});

test("JSON has one object a line", async () => {
  const lines = await logged(says("hello"), { format: "json" }, "/a?b", {
    headers: { "User-Agent": "curl/8.0" },
    environ: { REMOTE_ADDR: "203.0.113.9", "postern.request_id": "id-1" },
  });
  const entry = JSON.parse(lines[0] ?? "");
  expect(entry).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    remote_addr: "203.0.113.9",
    method: "GET",
    host: "localhost:8080",
    target: "/a?b",
    protocol: "HTTP/1.1",
    status: 200,
    bytes: 5,
    duration_ms: expect.any(Number),
    first_byte_ms: expect.any(Number),
    user_agent: "curl/8.0",
    request_id: "id-1",
  });
  expect(entry.duration_ms).toBeGreaterThanOrEqual(entry.first_byte_ms);
});

test("a function writes what it likes", async () => {
  const format = ({ status, bytes, method }: AccessEntry) => `${method} ${status} ${bytes}`;
  expect(await line(format)).toBe("GET 200 5");
});

describe("once for each request", () => {
  const format = "%s %B %X";
  const streams =
    (...chunks: string[]): Application =>
    (_environ, startResponse) => {
      startResponse(...head);
      return (async function* () {
        yield* chunks;
      })();
    };

  test.each<[string, Application, CallRequest, string]>([
    ["an array", says("hello"), {}, "200 5 -"],
    ["a stream", streams("hel", "", "lo"), {}, "200 5 -"],
    ["a promise", async (environ, startResponse) => says("hello")(environ, startResponse), {}, "200 5 -"],
    ["HEAD of an array", says("hello"), { method: "HEAD" }, "200 0 -"],
    ["HEAD of a stream", streams("hello", "you"), { method: "HEAD" }, "200 0 -"],
    [
      "nothing",
      (_environ, startResponse) => {
        startResponse("304 Not Modified", []);
        return [];
      },
      {},
      "304 0 -",
    ],
    [
      "write",
      async (_environ, startResponse) => {
        await startResponse(...head)("hello");
        return [];
      },
      {},
      "200 5 -",
    ],
    [
      "a body that is complete before its end",
      (_environ, startResponse) => {
        startResponse("200 OK", [...head[1], ["Content-Length", "5"]]);
        return (async function* () {
          yield "hello";
          await new Promise(() => {});
        })();
      },
      {},
      "200 5 -",
    ],
    [
      "an error at once",
      () => {
        throw new Error("on purpose");
      },
      {},
      "500 0 -",
    ],
    ["an error in a promise", () => Promise.reject(new Error("on purpose")), {}, "500 0 -"],
    [
      "the client's error",
      () => Promise.reject(new ProtocolError("BODY_TOO_LARGE", "on purpose")),
      {},
      "413 0 -",
    ],
    [
      "an error before the first chunk",
      (_environ, startResponse) => {
        startResponse(...head);
        // biome-ignore lint/correctness/useYield: fails before it could
        return (async function* (): AsyncGenerator<string> {
          throw new Error("on purpose");
        })();
      },
      {},
      "500 0 -",
    ],
    [
      "an error after the first chunk",
      (_environ, startResponse) => {
        startResponse(...head);
        return (async function* () {
          yield "hello";
          throw new Error("on purpose");
        })();
      },
      {},
      "200 5 X",
    ],
    [
      "another head",
      (_environ, startResponse) => {
        startResponse(...head);
        startResponse("503 Service Unavailable", head[1], new Error("on purpose"));
        return ["sorry"];
      },
      {},
      "503 5 -",
    ],
  ])("%s", async (_what, inner, request, written) => {
    expect(await logged(inner, { format }, "/", request)).toEqual([written]);
  });

  test.each([
    ["before anything was sent", "", "499 0 X"],
    ["in the middle", "hello", "200 5 X"],
  ])("a client that goes away %s", async (_when, first, written) => {
    const gone = new AbortController();
    const inner: Application = (_environ, startResponse) => {
      startResponse(...head);
      return (async function* () {
        yield first;
        gone.abort(new ProtocolError("PEER_GONE", "the client has gone"));
        yield "";
      })();
    };
    const lines = await logged(inner, { format }, "/", { signal: gone.signal });
    expect(lines).toEqual([written]);
  });

  test("an application that is woken by the client's going", async () => {
    const gone = new AbortController();
    const inner: Application = async (environ) => {
      const signal = environ["postern.signal"];
      gone.abort();
      signal.throwIfAborted();
      return [];
    };
    expect(await logged(inner, { format }, "/", { signal: gone.signal })).toEqual(["499 0 X"]);
  });

  test("the server's time-out", async () => {
    const gone = new AbortController();
    const inner: Application = async () => {
      gone.abort(new DOMException("the request took too long", "TimeoutError"));
      throw gone.signal.reason;
    };
    const lines: string[] = [];
    const app = accessLog({ format, to: (text) => void lines.push(text) })(inner);
    await call(app, "/", { signal: gone.signal });
    expect(lines).toEqual(["504 0 X"]);
  });

  test("but those that are skipped", async () => {
    const skip: AccessLogOptions["skip"] = ({ PATH_INFO: path }, status) =>
      path === "/health" && status < 400;
    expect(await logged(says("ok"), { skip, format }, "/health")).toEqual([]);
    expect(await logged(says("ok"), { skip, format }, "/other")).toEqual(["200 2 -"]);
    const failing: Application = () => Promise.reject(new Error("on purpose"));
    expect(await logged(failing, { skip, format }, "/health")).toEqual(["500 0 -"]);
  });
});

describe("where the lines go", () => {
  test("to wsgi.errors by default", async () => {
    const response = await call(between(accessLog({ format: "%s" }), says("hello")), "/");
    expect([response.text, response.errors]).toEqual(["hello", "200\n"]);
  });

  test("to a Writable", async () => {
    let text = "";
    const to = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    await call(between(accessLog({ format: "%s", to }), says("hello")), "/");
    expect(text).toBe("200\n");
  });

  test("to a file that is there before, and is opened anew when it was moved away", async () => {
    const folder = temporaryFolder();
    const to = join(folder.path, "access.log");
    const app = between(accessLog({ format: "%U", to }), says("hello"));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await Promise.all([call(app, "/a"), call(app, "/b")]);
    await turn();
    expect(readFileSync(to, "utf8")).toBe("/a\n/b\n");
    renameSync(to, `${to}.1`);
    await call(app, "/c");
    // What is not written yet belongs to the old one.
    reopenLogFiles();
    await call(app, "/d");
    await turn();
    expect(readFileSync(`${to}.1`, "utf8")).toBe("/a\n/b\n/c\n");
    expect(readFileSync(to, "utf8")).toBe("/d\n");
    folder.remove();
  });

  test("a file that cannot be opened is refused at the start", () => {
    expect(() => accessLog({ to: "/nowhere/access.log" })).toThrow(
      expect.objectContaining({ code: "LOG_FILE" }),
    );
    expect(() => accessLog({ to: {} as Writable })).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

test("an array stays that array, and no signal is made for it", () => {
  const { environ } = testEnviron();
  Object.defineProperty(environ, "postern.signal", {
    get: () => {
      throw new Error("made");
    },
  });
  const body = ["hello"];
  const inner: Application = (_environ, startResponse) => {
    startResponse(...head);
    return body;
  };
  expect(accessLog({ to: () => {} })(inner)(environ, () => () => Promise.resolve())).toBe(body);
});
