// The FastCGI client against servers that say what is typed here, from the specification.

import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FcgiClientOptions, fcgiClient } from "../../lib/clients/fcgi.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, type CallResponse, call } from "../../lib/testing/call.ts";
import { bytes } from "../support/bytes.ts";
import { type FakeConnection, fakeServer } from "../support/fake-server.ts";
import {
  ABORT_REQUEST,
  BEGIN_REQUEST,
  CANT_MPX_CONN,
  decodePairs,
  END_REQUEST,
  OVERLOADED,
  PARAMS,
  record,
  STDERR,
  STDIN,
  STDOUT,
  UNKNOWN_ROLE,
} from "../support/fastcgi-client.ts";
import { serving, TEXT } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { freePort } from "../support/port.ts";
import { untilStill } from "../support/until.ts";

const out = (text: string) => record(STDOUT, 1, Buffer.from(text, "latin1"), 3);
const err = (text: string) => record(STDERR, 1, Buffer.from(text), 1);
const HELLO = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello";

/** §5.5. */
function end(appStatus = 0, protocolStatus = 0): Buffer {
  return record(END_REQUEST, 1, Buffer.from([0, 0, 0, appStatus, protocolStatus, 0, 0, 0]));
}

/** All of the requests so far has come. */
function request(connection: FakeConnection, number = 1): Promise<void> {
  return connection.until(() => connection.endsOf(STDIN) >= number);
}

/** Answers every request of a connection with the same bytes. */
function answering(...pieces: Uint8Array[]) {
  return async (connection: FakeConnection) => {
    for (let number = 1; ; number++) {
      await request(connection, number);
      await connection.send(...pieces);
    }
  };
}

function client(address: FcgiClientOptions["address"], options: Partial<FcgiClientOptions> = {}) {
  const made = fcgiClient({ address, ...options });
  onTestFinished(() => made.close());
  const application = validate(made);
  return {
    connections: () => made.connections(),
    close: () => made.close(),
    application: made,
    ask: (target = "/", what: CallRequest = {}): Promise<CallResponse> => call(application, target, what),
  };
}

async function against(
  serve: Parameters<typeof fakeServer>[0],
  options: Partial<FcgiClientOptions> = {},
  overTcp = false,
) {
  const fake = await fakeServer(serve, overTcp);
  return { fake, ...client(fake.address, options) };
}

describe("a request (FastCGI §5, §6.2)", () => {
  test("begin with its role and KEEP_CONN, variables, body and its end", async () => {
    const { fake, ask } = await against(answering(out(HELLO), end()));
    await ask("/a%20b?x=1", {
      method: "POST",
      body: "text",
      scriptName: "/app",
      https: true,
      headers: { "Content-Type": "text/plain", Cookie: "a=1" },
    });
    const [connection] = fake.connections;
    const types = connection?.records.map(({ type, id }) => [type, id]);
    expect(types).toEqual([BEGIN_REQUEST, PARAMS, PARAMS, STDIN, STDIN].map((type) => [type, 1]));
    expect(connection?.records[0]?.content.toString("hex")).toBe("0001010000000000");
    const variables = Object.fromEntries(decodePairs(connection?.stream(PARAMS) ?? Buffer.alloc(0)));
    expect(variables).toEqual({
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: "POST",
      SCRIPT_NAME: "/app",
      PATH_INFO: "/a b",
      QUERY_STRING: "x=1",
      REQUEST_URI: "/app/a%20b?x=1",
      SERVER_NAME: "localhost",
      SERVER_PORT: "8080",
      SERVER_PROTOCOL: "HTTP/1.1",
      REMOTE_ADDR: "127.0.0.1",
      HTTPS: "on",
      CONTENT_LENGTH: "4",
      CONTENT_TYPE: "text/plain",
      HTTP_HOST: "localhost:8080",
      HTTP_COOKIE: "a=1",
    });
    expect(connection?.stream(STDIN).toString()).toBe("text");
  });

  test("what is the gateway's, a web server's own, or a proxy's is not sent", async () => {
    const { fake, application } = await against(answering(out(HELLO), end()));
    const environ = {
      PHP_VALUE: "a",
      DOCUMENT_ROOT: "/x",
      PATH: "/bin",
      HTTP_PROXY: "b",
      SSL_CIPHER: "c",
      HTTP_A: "d",
    };
    // Without the validator, to which HTTP_PROXY is a server's mistake.
    await call(application, "/", { environ });
    const names = decodePairs(fake.connections[0]?.stream(PARAMS) ?? Buffer.alloc(0)).map(([name]) => name);
    expect(names.filter((name) => name in environ || name.includes("."))).toEqual(["HTTP_A"]);
  });

  test("a filter and variables of one's own", async () => {
    const { fake, application } = await against(answering(out(HELLO), end()), {
      filter: (name) => name.startsWith("SSL_") || name.startsWith("HTTP_"),
      environ: ({ PATH_INFO }) => ({ SEEN: PATH_INFO, HTTP_A: "own", HTTP_PROXY: "never" }),
    });
    await call(application, "/x", {
      environ: { SSL_CIPHER: "c", HTTP_A: "d", HTTP_PROXY: "p", "wsgi.x": "y" },
      body: "abc",
    });
    const pairs = decodePairs(fake.connections[0]?.stream(PARAMS) ?? Buffer.alloc(0));
    expect(Object.fromEntries(pairs)).toEqual({
      SSL_CIPHER: "c",
      HTTP_HOST: "localhost:8080",
      HTTP_A: "own",
      SEEN: "/x",
      GATEWAY_INTERFACE: "CGI/1.1",
      CONTENT_LENGTH: "3",
    });
  });
});

test.each([5, undefined, "\u0100"])(
  "option environ with %j for a value is the operator's fault, and no request's",
  async (value) => {
    const environ = { A: value as string, B: "x" };
    const { fake, ask } = await against(answering(out(HELLO), end()), { environ });
    const response = await ask();
    expect(response).toMatchObject({ status: 500, cut: false });
    expect(response.errors).toContain('option "environ" has no string of bytes for "A"');
    expect(fake.connections).toEqual([]);
  },
);

describe("a response", () => {
  test("in records that are cut anywhere, padded, with STDERR between them", async () => {
    const wire = Buffer.concat([
      out("Status: 404 Not "),
      err("first "),
      out("Found\r\nContent-Type: te"),
      err("line\nsecond"),
      out("xt/plain\nX-A: 1\nX-A: 2\n\nhe"),
      out("llo"),
      record(STDOUT, 1),
      record(STDERR, 1),
      end(3),
    ]);
    const pieces = [...wire].map((byte) => Buffer.of(byte));
    const { ask, fake } = await against(answering(...pieces));
    const response = await ask();
    expect([response.status, response.reason, response.text]).toEqual([404, "Not Found", "hello"]);
    expect(response.headers).toEqual([
      ["Content-Type", "text/plain"],
      ["X-A", "1"],
      ["X-A", "2"],
    ]);
    expect(response.errors).toBe(
      `first line\nsecond\nthe FastCGI server at ${fake.address} ended a request with status 3\n`,
    );
  });

  // RFC 3875 §6.2, §6.3.
  test.each([
    ["no status", "Content-Type: text/plain\n\n", 200, "OK"],
    ["a location alone", "Location: http://example.org/\n\n", 302, "Found"],
    ["a local location alone", "Location: /x\n\n", 302, "Found"],
    ["a status without a reason", "Status: 404\nContent-Type: text/plain\n\n", 404, "Not Found"],
    [
      "a reason of its own",
      "Status: 299 Quite all right\nContent-Type: text/plain\n\n",
      299,
      "Quite all right",
    ],
  ])("%s", async (_, head, status, reason) => {
    const { ask } = await against(answering(out(head), end()));
    expect(await ask()).toMatchObject({ status, reason, cut: false });
  });

  test("headers of the connection are left out", async () => {
    const head =
      "Content-Type: text/plain\nConnection: close\nTransfer-Encoding: chunked\nKeep-Alive: x\n\nbody";
    const { ask } = await against(answering(out(head), end()));
    expect((await ask()).headers).toEqual([["Content-Type", "text/plain"]]);
  });

  test.each([
    ["HEAD", "Content-Type: text/plain\nContent-Length: 5\n\nhello", "HEAD"],
    ["204", "Status: 204 No Content\n\nhello", "GET"],
    ["304", "Status: 304 Not Modified\n\nhello", "GET"],
  ])("%s has no body", async (_, head, method) => {
    const { ask, connections } = await against(answering(out(head), end()));
    expect(await ask("/", { method })).toMatchObject({ text: "", cut: false });
    while (connections().idle === 0) await turn();
    expect(connections()).toEqual({ open: 1, idle: 1, waiting: 0 });
  });

  test.each([
    ["HEAD", "Content-Type: text/plain\n\n", "HEAD"],
    ["204", "Status: 204 No Content\n\n", "GET"],
    ["a body past its Content-Length", "Content-Type: text/plain\nContent-Length: 1\n\nx", "GET"],
  ])(
    "%s waits for no more, and the server may go on for responseTimeoutMs in all",
    async (_, head, method) => {
      const { fake, ask, connections } = await against(
        async (connection) => {
          await request(connection);
          await connection.send(out(head));
          const more = setInterval(() => connection.socket.write(out("x")), 20);
          connection.socket.once("close", () => clearInterval(more));
        },
        // Long enough for the head on a busy machine.
        { responseTimeoutMs: 1_000 },
      );
      expect(await ask("/", { method })).toMatchObject({ cut: false, errors: "" });
      const [connection] = fake.connections;
      expect(connection?.ended).toBe(false);
      await connection?.until((one) => one.ended);
      expect(connection?.records.filter(({ type }) => type === ABORT_REQUEST)).toEqual([]);
      while (connections().open > 0) await turn();
    },
  );
});

/** What a server does instead of answering, and what the client gets: the status, and what the log says of it. */
const failures: readonly [
  what: string,
  serve: (connection: FakeConnection) => unknown,
  status: number,
  log: RegExp,
][] = [
  ["closes at once", ({ socket }) => socket.end(), 502, /closed the connection before its response began/],
  [
    "resets",
    (one) => request(one).then(() => one.socket.resetAndDestroy()),
    502,
    /closed the connection before/,
  ],
  [
    "closes inside the head",
    async (one) => {
      await request(one);
      await one.send(out("Status: 200 OK\r\n"));
      one.socket.end();
    },
    502,
    /closed the connection before its response began/,
  ],
  [
    "closes behind the head",
    async (one) => {
      await request(one);
      await one.send(out("Content-Type: text/plain\r\n\r\n"));
      one.socket.end();
    },
    502,
    /closed the connection in the middle of its response/,
  ],
  ["ends without a head", answering(end()), 502, /broken response: the response ended before its head did/],
  ["ends inside the head", answering(out("Status: 200 OK\r\n"), end()), 502, /ended before its head did/],
  [
    "speaks HTTP",
    (one) => one.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")),
    502,
    /FastCGI version 72/,
  ],
  ["sends a head that is none", answering(out("no header\r\n\r\n"), end()), 502, /a line is no header/],
  ["sends a status that is none", answering(out("Status: 99\r\n\r\n"), end()), 502, /the status is none/],
  [
    "sends two lengths",
    answering(out("Content-Length: 1\nContent-Length: 2\n\nx"), end()),
    502,
    /cannot be passed on/,
  ],
  ["sends a head without end", answering(out(`X: ${"y".repeat(2_000)}`)), 502, /longer than 1000 bytes/],
  ["is overloaded", answering(end(0, OVERLOADED)), 503, /refused the request: it is overloaded/],
  ["cannot multiplex", answering(end(0, CANT_MPX_CONN)), 502, /FCGI_CANT_MPX_CONN/],
  ["does not know the role", answering(end(0, UNKNOWN_ROLE)), 502, /FCGI_UNKNOWN_ROLE/],
  ["ends with what is no status", answering(end(0, 9)), 502, /protocolStatus 9/],
  [
    "sends half an END_REQUEST",
    answering(record(END_REQUEST, 1, bytes("0000"))),
    502,
    /END_REQUEST has 2 bytes/,
  ],
  ["says nothing", () => {}, 504, /was silent for 150 ms/],
  ["stops inside the head", (one) => one.send(out("Status: 200")), 504, /was silent for 150 ms/],
];

describe("a server that fails before its response", () => {
  test.each(failures)("%s", async (_, serve, status, log) => {
    // Who fails otherwise may take its time on a busy machine.
    const silence = status === 504 ? { responseTimeoutMs: 150 } : {};
    const limits = { ...silence, maxResponseHeadBytes: 1_000 };
    const { ask, connections, fake } = await against(serve, limits, true);
    const response = await ask();
    expect(response).toMatchObject({ status, cut: false });
    // Nothing of it is told to the client.
    expect(response.text).toBe(`${response.reason}\n`);
    expect(response.errors).toMatch(log);
    expect(response.errors).toContain(`the FastCGI server at ${fake.address}`);
    expect(response.errors.trimEnd().split("\n")).toHaveLength(1);
    await turn();
    expect(connections()).toMatchObject({ idle: 0, waiting: 0 });
  });
});

describe("a server that fails in its response", () => {
  test.each<[string, (connection: FakeConnection) => unknown]>([
    ["closes", (one) => one.socket.end()],
    ["resets", (one) => one.socket.resetAndDestroy()],
    ["sends garbage", (one) => one.send(Buffer.from("garbage!"))],
    ["stops", () => {}],
    ["ends before its Content-Length", (one) => one.send(end())],
    ["says behind the head that it is overloaded", (one) => one.send(end(0, OVERLOADED))],
  ])("%s: the response is cut", async (how, fail) => {
    const { ask } = await against(
      async (connection) => {
        await request(connection);
        await connection.send(out("Content-Type: text/plain\r\nContent-Length: 50\r\n\r\nbegun"));
        await fail(connection);
      },
      // Long enough for the head on a busy machine.
      how === "stops" ? { responseTimeoutMs: 1_000 } : {},
      true,
    );
    expect(await ask()).toMatchObject({ status: 200, text: "begun", cut: true });
  });

  test("without Content-Length too", async () => {
    const { ask } = await against(async (connection) => {
      await request(connection);
      await connection.send(out("Content-Type: text/plain\r\n\r\nbegun"));
      connection.socket.end();
    });
    const response = await ask();
    expect(response).toMatchObject({ status: 200, text: "begun", cut: true });
    expect(response.errors).toContain("CONNECTION_LOST");
  });
});

describe("connecting", () => {
  test("to nothing: the log says what to do", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const nowhere = await client(`${folder.path}/none`).ask();
    expect(nowhere).toMatchObject({ status: 502, text: "Bad Gateway\n" });
    expect(nowhere.errors).toBe(
      `postern client, 502: cannot connect to the FastCGI server at ${folder.path}/none: ENOENT, there is no such socket; start the server, or correct "address"\n`,
    );
    const port = await freePort();
    const refused = await client(port).ask();
    expect(refused.status).toBe(502);
    expect(refused.errors).toContain(
      `127.0.0.1:${port}: ECONNREFUSED, nobody listens there; start the server`,
    );
  });

  test.each([
    ["no port", "nonsense"],
    ["port 0", 0],
    ["a port too high", "127.0.0.1:70000"],
    ["a path that is too long", `/${"x".repeat(107)}`],
    ["no host", { host: "", port: 1 }],
  ])("%s is no address", (_, address) => {
    expect(() => fcgiClient({ address })).toThrow(expect.objectContaining({ code: "ADDRESS" }));
  });

  test.each([
    "maxConnections",
    "maxIdle",
    "idleTimeoutMs",
    "maxWaiting",
    "waitTimeoutMs",
    "connectTimeoutMs",
  ] as const)("%s is a number", (name) => {
    const wrong = { address: 9000, [name]: -1 };
    expect(() => fcgiClient(wrong)).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

describe("bodies stream both ways", () => {
  test("a request's body goes out as it comes, of unknown length too", async () => {
    let sendMore: () => void = () => {};
    const more = new Promise<void>((resolve) => {
      sendMore = resolve;
    });
    const { ask } = await against(async (connection) => {
      await connection.until(() => connection.stream(STDIN).toString() === "first");
      sendMore();
      await request(connection);
      await connection.send(out(HELLO), end());
    });
    const body = async function* () {
      yield Buffer.from("first");
      await more;
      yield Buffer.from("second");
    };
    expect((await ask("/", { method: "POST", body: body() })).text).toBe("hello");
  });

  test("a server that has no body to answer with still gets all of the request's", async () => {
    let goOn: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { fake, application } = await against(async (connection) => {
      await connection.until(() => connection.stream(STDIN).toString() === "first");
      await connection.send(out("Status: 204 No Content\n\n"));
      await request(connection);
      await connection.send(end());
    });
    const body = async function* () {
      yield Buffer.from("first");
      await answered;
      await turn();
      yield Buffer.from("second");
    };
    const observed: Application = (environ, startResponse) =>
      application(environ, (...head) => {
        goOn();
        return startResponse(...head);
      });
    expect((await call(observed, "/", { method: "POST", body: body() })).status).toBe(204);
    const [connection] = fake.connections;
    await connection?.until((one) => one.endsOf(STDIN) === 1);
    expect(connection?.stream(STDIN).toString()).toBe("firstsecond");
  });

  test("a response's body comes as it is sent, and the server waits for a gateway that does not read", async () => {
    const piece = record(STDOUT, 1, Buffer.alloc(65_535, 120));
    let sent = 0;
    const { application, fake } = await against(async (connection) => {
      await request(connection);
      await connection.send(out("Content-Type: text/plain\r\n\r\n"));
      for (; sent < 200; sent++) if (!connection.socket.write(piece)) await once(connection.socket, "drain");
      await connection.send(end());
    });
    const environ = await environOf();
    const body = await application(environ, () => async () => {});
    const iterator = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    let received = (await iterator.next()).value.length;
    // All that the kernel and both sides hold back is far from 13 MB. Nothing says that it will not be more.
    await untilStill("what was sent", () => sent);
    expect(sent).toBeLessThan(100);
    for (;;) {
      const step = await iterator.next();
      if (step.done) break;
      received += step.value.length;
    }
    expect(received).toBe(200 * 65_535);
    expect(fake.connections).toHaveLength(1);
  });

  test("a server that answers early ends the sending", async () => {
    const { ask, connections } = await against(async (connection) => {
      await connection.until(() => connection.stream(STDIN).length > 0);
      await connection.send(
        out("Status: 413 Content Too Large\r\nContent-Type: text/plain\r\n\r\ntoo much"),
        end(),
      );
    });
    const forever = async function* () {
      for (;;) yield Buffer.alloc(10_000);
    };
    expect(await ask("/", { method: "POST", body: forever() })).toMatchObject({
      status: 413,
      text: "too much",
    });
    await turn();
    expect(connections().idle).toBe(0);
  });
});

/** An environ of a GET request, as a server makes it. */
async function environOf(environ: Record<string, unknown> = {}, signal?: AbortSignal) {
  let made: Parameters<Application>[0] | undefined;
  await call(
    (given, startResponse) => {
      made = given;
      startResponse("200 OK", TEXT);
      return [];
    },
    "/",
    { environ, ...(signal && { signal }) },
  );
  if (made === undefined) throw new Error("there is no environ");
  return made;
}

describe("a request that is given up", () => {
  test("before its response: ABORT_REQUEST, and a connection whose server ends it is kept", async () => {
    const { fake, ask, connections } = await against(async (connection) => {
      await connection.until(() => connection.records.some(({ type }) => type === ABORT_REQUEST));
      await connection.send(end(1));
      await request(connection, 2);
      await connection.send(out(HELLO), end());
    });
    const abort = new AbortController();
    const asked = ask("/", { signal: abort.signal });
    while (fake.connections.length === 0) await turn();
    await request(fake.connections[0] as FakeConnection);
    abort.abort();
    expect((await asked).status).toBe(0);
    while (connections().idle === 0) await turn();
    expect((await ask()).text).toBe("hello");
    expect(fake.connections).toHaveLength(1);
  });

  test("in its response: the same, and nothing of what still comes is kept", async () => {
    const { application, fake } = await against(async (connection) => {
      await request(connection);
      await connection.send(out(HELLO));
      await connection.until(() => connection.records.some(({ type }) => type === ABORT_REQUEST));
      await connection.send(out("more"), end());
    });
    const body = (await application(await environOf(), () => async () => {})) as AsyncIterable<Buffer>;
    const iterator = body[Symbol.asyncIterator]();
    expect((await iterator.next()).value.toString()).toBe("hello");
    await iterator.return?.();
    while (application.connections().idle === 0) await turn();
    expect(fake.connections[0]?.records.at(-1)).toMatchObject({ type: ABORT_REQUEST, id: 1 });
  });

  test("a server that does not end it loses the connection", async () => {
    const { fake, ask } = await against(() => {});
    const abort = new AbortController();
    const asked = ask("/", { signal: abort.signal });
    while (fake.connections.length === 0) await turn();
    const [connection] = fake.connections;
    await connection?.until((one) => one.endsOf(STDIN) === 1);
    abort.abort();
    await asked;
    await connection?.until((one) => one.ended);
  });

  test("one that does not keep connections is told by their end", async () => {
    const { fake, ask } = await against(() => {}, { maxIdle: 0 });
    const abort = new AbortController();
    const asked = ask("/", { signal: abort.signal });
    while (fake.connections.length === 0) await turn();
    const [connection] = fake.connections;
    await connection?.until((one) => one.endsOf(STDIN) === 1);
    expect(connection?.records[0]?.content.readUInt8(2)).toBe(0);
    abort.abort();
    await asked;
    await connection?.until((one) => one.ended);
    expect(connection?.records.filter(({ type }) => type === ABORT_REQUEST)).toEqual([]);
  });

  test("a response whose body is there needs no abort: the server may have something to do behind it", async () => {
    let goOn: () => void = () => {};
    const { application, fake } = await against(async (connection) => {
      await request(connection);
      await connection.send(out("Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"));
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await connection.send(end());
    });
    const environ = await environOf();
    const body = (await application(environ, () => async () => {})) as AsyncIterable<Buffer>;
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    goOn();
    while (application.connections().idle === 0) await turn();
    expect(fake.connections[0]?.records.filter(({ type }) => type === ABORT_REQUEST)).toEqual([]);
  });

  test("our own server's application hears of it", async () => {
    let heard: () => void = () => {};
    const aborted = new Promise<void>((resolve) => {
      heard = resolve;
    });
    let begun: () => void = () => {};
    const called = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const behind = await serving(async (environ, startResponse) => {
      begun();
      await once(environ["postern.signal"], "abort");
      heard();
      startResponse("200 OK", TEXT);
      return [];
    });
    const abort = new AbortController();
    const asked = client(behind.path).ask("/", { signal: abort.signal });
    await called;
    abort.abort();
    await aborted;
    await asked;
  });
});
