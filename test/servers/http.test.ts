import { once } from "node:events";
import { type AddressInfo, connect, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Counters } from "../../lib/gateway/counters.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { createServer } from "../../lib/servers/http.ts";
import { promised } from "../support/promised.ts";
import { SingleRequestClient } from "../support/single-request-client.ts";
import { until } from "../support/until.ts";

let server: Server | undefined;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await server?.close();
  server = undefined;
});

const log: string[] = [];

async function serving(application: Application, options: Partial<ServeOptions> = {}): Promise<number> {
  log.length = 0;
  server = serve(validate(application), {
    protocol: "http",
    bindAddress: 0,
    shutdownGraceMs: 2_000,
    log: (_level, line) => log.push(line),
    ...options,
  });
  const [address] = await server.listening;
  return address !== undefined && "port" in address ? address.port : 0;
}

/** One raw connection: sends, and shows all that came until the server closed it. */
class Client {
  readonly socket: Socket;
  text = "";
  readonly closed: Promise<unknown>;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    sockets.push(this.socket);
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = once(this.socket, "close");
  }

  send(...lines: string[]): this {
    this.socket.write(lines.join("\r\n"), "latin1");
    return this;
  }

  async received(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function get(target: string, ...headers: string[]): string[] {
  return [`GET ${target} HTTP/1.1`, "Host: example.org:81", ...headers, "", ""];
}

const CLOSE = "Connection: close";

async function answerTo(port: number, ...lines: string[]): Promise<string> {
  const client = new Client(port).send(...lines);
  await client.closed;
  return client.text;
}

const TEXT = [["Content-Type", "text/plain"]] as const;

const echoEnviron: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  const strings = Object.entries(environ).filter(([, value]) => typeof value === "string");
  return [JSON.stringify(Object.fromEntries(strings))];
};

const echoBody: Application = async (environ, startResponse) => {
  const chunks: Buffer[] = [];
  for await (const chunk of environ["wsgi.input"]) chunks.push(chunk as Buffer);
  startResponse("200 OK", TEXT);
  return [Buffer.concat(chunks)];
};

const ignoreBody: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

describe("the environ of an HTTP request", () => {
  test.each<[string, string[], Record<string, string | undefined>]>([
    [
      "path, query and target",
      get("/a%2cb//c?x=%20", CLOSE),
      { PATH_INFO: "/a,b//c", QUERY_STRING: "x=%20", REQUEST_URI: "/a%2cb//c?x=%20", SCRIPT_NAME: "" },
    ],
    [
      "an address as target: its host counts",
      get("http://other.example/x", CLOSE),
      { PATH_INFO: "/x", HTTP_HOST: "other.example" },
    ],
    [
      "the server's name is what was asked for",
      get("/", CLOSE),
      { SERVER_NAME: "example.org", SERVER_PROTOCOL: "HTTP/1.1", REMOTE_ADDR: "127.0.0.1" },
    ],
    [
      "repeated headers are joined",
      get("/", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2", CLOSE),
      { HTTP_X_A: "1, 2", HTTP_COOKIE: "a=1; b=2" },
    ],
    [
      "a name with an underscore is dropped: it could be another header's",
      get("/", "X_Forwarded_For: 6.6.6.6", CLOSE),
      { HTTP_X_FORWARDED_FOR: undefined },
    ],
    ["Proxy is dropped (httpoxy)", get("/", "Proxy: http://evil/", CLOSE), { HTTP_PROXY: undefined }],
    [
      "bytes above 127 are one character each",
      get("/", "X-A: \u00c3\u00a9", CLOSE),
      { HTTP_X_A: "\u00c3\u00a9" },
    ],
    [
      "Content-Type has no prefix",
      get("/", "Content-Type: a/b", CLOSE),
      { CONTENT_TYPE: "a/b", HTTP_CONTENT_TYPE: undefined },
    ],
  ])("%s", async (_name, request, expected) => {
    const text = await answerTo(await serving(echoEnviron), ...request);
    const body = Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1");
    const environ = JSON.parse(body.toString());
    for (const [name, value] of Object.entries(expected)) expect(environ[name], name).toBe(value);
  });

  test.each([
    ["a target that is no path", ["GET x HTTP/1.1", "Host: a", CLOSE, "", ""]],
    ["an address that is none", ["GET http://[x/ HTTP/1.1", "Host: a", CLOSE, "", ""]],
    ["a host with a user in front", ["GET http://user@a/ HTTP/1.1", "Host: a", CLOSE, "", ""]],
    ["a Host header that is no host (RFC 9112 §3.2)", ["GET / HTTP/1.1", "Host: a b", CLOSE, "", ""]],
    ["none at all", ["GET / HTTP/1.1", CLOSE, "", ""]],
  ])("%s is refused", async (_name, request) => {
    expect(await answerTo(await serving(echoEnviron), ...request)).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each(["[::1]:80", "example.org", "example.org:", "localhost:8080", "\u0020"])(
    "Host %j is accepted",
    async (host) => {
      const text = await answerTo(
        await serving(echoEnviron),
        "GET / HTTP/1.1",
        `Host: ${host}`,
        CLOSE,
        "",
        "",
      );
      expect(text).toMatch(/^HTTP\/1.1 200 /);
    },
  );
});

describe("a connection", () => {
  test("is kept, and pipelined requests are answered in order", async () => {
    const client = new Client(await serving(ignoreBody));
    client.send(...get("/one"), ...get("/two", CLOSE));
    await client.closed;
    const bodies = client.text
      .split("HTTP/1.1 200 OK")
      .slice(1)
      .map((part) => part.split("\r\n\r\n")[1]);
    expect(bodies).toEqual(["/one", "/two"]);
  });

  test("goes on behind a body that nobody read, which is no request", async () => {
    const client = new Client(await serving(ignoreBody));
    client.send(
      "POST /first HTTP/1.1",
      "Host: a",
      "Content-Length: 30",
      "",
      "GET /smuggled HTTP/1.1\r\n\r\n....",
    );
    client.send(...get("/second", CLOSE));
    await client.closed;
    expect(client.text).toContain("/first");
    expect(client.text).toContain("/second");
    expect(client.text).not.toContain("/smuggled");
  });

  test("of HTTP/1.0 gets no chunks and is closed", async () => {
    const port = await serving((_environ, startResponse) => {
      startResponse("200 OK", TEXT);
      return new Set(["a", "b"]);
    });
    const text = await answerTo(port, "GET / HTTP/1.0", "", "");
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(text.endsWith("\r\n\r\nab")).toBe(true);
  });

  test("with Expect: 100-continue is told to continue when the body is wanted", async () => {
    const client = new Client(await serving(echoBody));
    client.send("POST / HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 4", CLOSE, "", "");
    await client.received("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    await client.closed;
    expect(client.text).toContain("HTTP/1.1 200 OK\r\n");
    expect(client.text.endsWith("\r\n\r\nbody")).toBe(true);
  });

  test("and is not when it is not", async () => {
    const port = await serving(ignoreBody);
    const client = new Client(port);
    client.send("POST /x HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 4", CLOSE, "", "");
    await client.received("/x");
    expect(client.text).not.toContain("100 Continue");
  });
});

describe("a response", () => {
  test("that fails in the middle has no last chunk", async () => {
    const port = await serving(async function* (_environ, startResponse) {
      startResponse("200 OK", TEXT);
      yield "partial";
      throw new Error("broken");
    });
    const text = await answerTo(port, ...get("/"));
    expect(text).toMatch(/transfer-encoding: chunked/i);
    expect(text).toContain("partial");
    expect(text).not.toContain("\r\n0\r\n\r\n");
  });

  // Node's parser knows 2.0 and 0.9 too, and answers them without chunks.
  test.each(["1.0", "2.0"])(
    "of HTTP/%s that fails in the middle ends with a reset, which web servers do not take for its end",
    async (version) => {
      const gate = promised<void>();
      const port = await serving(async function* (_environ, startResponse) {
        startResponse("200 OK", TEXT);
        yield "partial";
        await gate.promise;
        throw new Error("broken");
      });
      const client = await SingleRequestClient.connect({ host: "127.0.0.1", port });
      await client.send(Buffer.from(`GET / HTTP/${version}\r\n\r\n`));
      await client.receives("partial");
      gate.resolve();
      await client.reply();
      expect(client.failed).toBe(true);
    },
  );

  test("of HTTP/1.0 that fails at once gets what was sent of it, and a reset", async () => {
    const port = await serving(function* (_environ, startResponse) {
      startResponse("200 OK", TEXT);
      yield "partial";
      throw new Error("broken");
    });
    const client = await SingleRequestClient.connect({ host: "127.0.0.1", port });
    await client.send(Buffer.from("GET / HTTP/1.0\r\n\r\n"));
    expect((await client.reply()).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\npartial$/s);
    expect(client.failed).toBe(true);
  });

  test("keeps header bytes above 127 as they are", async () => {
    const port = await serving((_environ, startResponse) => {
      startResponse("200 OK", [...TEXT, ["X-A", "\u00c3\u00a9"]]);
      return ["text"];
    });
    expect(await answerTo(port, ...get("/", CLOSE))).toContain("X-A: \u00c3\u00a9\r\n");
  });

  test("has one Date, the application's", async () => {
    const port = await serving((_environ, startResponse) => {
      startResponse("200 OK", [...TEXT, ["Date", "Thu, 01 Jan 1970 00:00:00 GMT"]]);
      return [];
    });
    expect((await answerTo(port, ...get("/", CLOSE))).match(/^date: .*$/gim)).toEqual([
      "Date: Thu, 01 Jan 1970 00:00:00 GMT",
    ]);
  });

  test.each([
    ["HEAD", "200 OK"],
    ["GET", "204 No Content"],
    ["GET", "304 Not Modified"],
  ])("to %s with %s has no body, and the connection goes on", async (method, status) => {
    const port = await serving((environ, startResponse) => {
      const bodyless = environ.PATH_INFO === "/first" && !status.startsWith("200");
      startResponse(environ.PATH_INFO === "/first" ? status : "200 OK", bodyless ? [] : TEXT);
      return bodyless ? [] : ["body"];
    });
    const client = new Client(port);
    client.send(`${method} /first HTTP/1.1`, "Host: a", "", "").send(...get("/second", CLOSE));
    await client.closed;
    const [first = "", second] = client.text.split("HTTP/1.1 ").slice(1);
    expect(first.split("\r\n\r\n")[1]).toBe("");
    expect(second?.split("\r\n\r\n")[1]).toBe("body");
  });
});

describe("a client that goes away", () => {
  test("aborts the signal and ends the body", async () => {
    let cleaned: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      cleaned = resolve;
    });
    const port = await serving(async function* (environ, startResponse) {
      const signal = environ["postern.signal"];
      startResponse("200 OK", TEXT);
      try {
        yield "begun";
        if (!signal.aborted) await once(signal, "abort");
        expect(signal.reason).toMatchObject({ code: "PEER_GONE" });
        yield "never sent";
      } finally {
        cleaned();
      }
    });
    const client = new Client(port).send(...get("/"));
    await client.received("begun");
    client.socket.destroy();
    await done;
  });

  test("in the middle of a body ends it with an error", async () => {
    let settle: (error: unknown) => void = () => {};
    const failed = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    const port = await serving(async (environ, startResponse) => {
      try {
        for await (const chunk of environ["wsgi.input"]) if (chunk.length > 0) client.socket.destroy();
      } catch (error) {
        settle(error);
      }
      startResponse("200 OK", TEXT);
      return [];
    });
    const client = new Client(port).send("POST / HTTP/1.1", "Host: a", "Content-Length: 100", "", "half");
    expect(await failed).toMatchObject({ name: "ProtocolError", code: "PEER_GONE" });
  });
});

describe("bad input", () => {
  test.each([
    ["no HTTP", ["\x16\x03\x01\x02\x00\x01", "", ""], 400],
    ["a space in a header's name", ["GET / HTTP/1.1", "Host: a", "X A: b", "", ""], 400],
    [
      "Content-Length and Transfer-Encoding",
      ["POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked", "", "0", "", ""],
      400,
    ],
    [
      "two lengths",
      ["POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Length: 4", "", "abcd"],
      400,
    ],
    ["a head over maxParamsBytes", get("/", `X-Long: ${"x".repeat(5_000)}`), 431],
    [
      "a body over maxBodyBytes",
      ["POST / HTTP/1.1", "Host: a", "Content-Length: 1001", CLOSE, "", "x".repeat(1_001)],
      413,
    ],
    [
      "a chunked one",
      [
        "POST / HTTP/1.1",
        "Host: a",
        "Transfer-Encoding: chunked",
        CLOSE,
        "",
        "3e9",
        "x".repeat(1_001),
        "0",
        "",
        "",
      ],
      413,
    ],
  ])("%s is answered in its own connection", async (_name, request, status) => {
    const port = await serving(echoBody, { maxParamsBytes: 4_096, maxBodyBytes: 1_000 });
    expect(await answerTo(port, ...request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await answerTo(port, ...get("/", CLOSE))).toMatch(/^HTTP\/1.1 200 OK/);
  });

  test("more than maxConcurrent requests are answered 503", async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let entered: () => void = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const port = await serving(
      async (environ, startResponse) => {
        entered();
        await gate;
        return ignoreBody(environ, startResponse);
      },
      { maxConcurrent: 1 },
    );
    const first = new Client(port).send(...get("/first", CLOSE));
    await inside;
    expect(await answerTo(port, ...get("/second", CLOSE))).toMatch(/^HTTP\/1.1 503 /);
    open();
    await first.closed;
    expect(first.text).toContain("/first");
  });

  test("a request past requestTimeoutMs is answered 504", async () => {
    const port = await serving(() => new Promise(() => {}), { requestTimeoutMs: 50 });
    expect(await answerTo(port, ...get("/slow", CLOSE))).toMatch(/^HTTP\/1.1 504 /);
    expect(log).toEqual([expect.stringContaining("/slow")]);
  });

  test("a peer that stalls in a body is closed after idleTimeoutMs, one that waits for an answer is not", async () => {
    const port = await serving(
      async (environ, startResponse) => {
        if (environ.REQUEST_METHOD === "POST") return echoBody(environ, startResponse);
        await new Promise((resolve) => setTimeout(resolve, 400));
        return ignoreBody(environ, startResponse);
      },
      { idleTimeoutMs: 100 },
    );
    const stalling = new Client(port).send("POST / HTTP/1.1", "Host: a", "Content-Length: 100", "", "half");
    await stalling.closed;
    expect(await answerTo(port, ...get("/computed", CLOSE))).toContain("/computed");
  });
});

describe("a connection on which nothing happens is closed after idleTimeoutMs", () => {
  test.each<[string, string[]]>([
    ["before a request", []],
    ["in the middle of a head", ["GET / HTTP/1.1", "Host: exam"]],
    ["between requests", get("/kept")],
  ])("%s", async (_name, sent) => {
    const idleTimeoutMs = 200;
    const port = await serving(ignoreBody, { idleTimeoutMs });
    // The server's clock may start before this process hears that it is connected.
    const began = performance.now();
    const client = new Client(port);
    await once(client.socket, "connect");
    client.send(...sent);
    await client.closed;
    // Timers have whole milliseconds.
    expect(performance.now() - began).toBeGreaterThanOrEqual(idleTimeoutMs - 1);
    expect(client.text).toContain(sent.length > 2 ? "/kept" : "");
  });
});

describe("a graceful stop", () => {
  test("finishes what is in progress and closes kept connections", async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const port = await serving(async (environ, startResponse) => {
      if (environ.PATH_INFO === "/slow") await gate;
      return ignoreBody(environ, startResponse);
    });
    const idle = new Client(port).send(...get("/idle"));
    await idle.received("/idle");
    const busy = new Client(port).send(...get("/slow"));
    await once(busy.socket, "connect");
    // A second request on the same loop says that the first has been taken.
    await answerTo(port, ...get("/taken", CLOSE));
    const closed = server?.close();
    await idle.closed;
    open();
    await busy.closed;
    expect(busy.text).toMatch(/connection: close/i);
    expect(busy.text).toContain("/slow");
    await closed;
  });

  test("answers what comes on a kept connection at that moment, and closes it then", async () => {
    const port = await serving(ignoreBody);
    const client = new Client(port).send(...get("/kept"));
    await client.received("/kept");
    const closed = server?.close();
    client.send(...get("/late"));
    await client.closed;
    expect(client.text).toMatch(/connection: close.*\/late/is);
    await closed;
  });

  test("looks at a connection when it begins, and not whenever a request ends on another", async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let looks = 0;
    const counters = new Counters();
    const stopping = createServer(
      async (environ, startResponse) => {
        if (environ.PATH_INFO === "/slow") await gate;
        return ignoreBody(environ, startResponse);
      },
      {},
      counters,
    );
    stopping.server.on("connection", (socket: Socket) => {
      const descriptor = Object.getOwnPropertyDescriptor(Socket.prototype, "bytesRead");
      Object.defineProperty(socket, "bytesRead", {
        get(): unknown {
          looks++;
          return descriptor?.get?.call(socket);
        },
      });
    });
    await once(stopping.server.listen(0, "127.0.0.1"), "listening");
    const { port } = stopping.server.address() as AddressInfo;
    const busy = Array.from({ length: 50 }, () => new Client(port));
    // Half a request, so that a stop does not close it at once.
    const half = new Client(port).send(...get("/half"), "GET /");
    await half.received("/half");
    for (const client of busy) client.send(...get("/kept"));
    for (const client of busy) await client.received("/kept");
    for (const client of busy) client.send(...get("/slow"));
    await until("all are in progress", () => counters.active === busy.length);
    looks = 0;
    const drained = stopping.drain();
    open();
    for (const client of busy) await client.closed;
    // A few for each: when the stop begins, when its request ends, and when its bytes are counted.
    expect(looks).toBeLessThanOrEqual(4 * (busy.length + 1));
    half.socket.destroy();
    await drained;
  });
});
