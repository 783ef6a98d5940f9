// What the servers count, over real sockets. How a count is kept is tested in test/gateway/counters.test.ts.

import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Counters } from "../../lib/gateway/counters.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import * as ajp from "../../lib/servers/ajp.ts";
import * as fcgi from "../../lib/servers/fcgi.ts";
import * as http from "../../lib/servers/http.ts";
import type { ServerOptions } from "../../lib/servers/options.ts";
import * as scgi from "../../lib/servers/scgi.ts";
import * as uwsgi from "../../lib/servers/uwsgi.ts";
import { CPING, forwardRequest } from "../support/ajp-client.ts";
import {
  ABORT_REQUEST,
  AUTHORIZER,
  beginRequest,
  encodePairs,
  KEEP_CONN,
  PARAMS,
  type Pair,
  record,
  responderRequest,
  STDIN,
} from "../support/fastcgi-client.ts";
import { get, TEXT } from "../support/fcgi-server.ts";
import { scgiRequest } from "../support/scgi-client.ts";
import { until } from "../support/until.ts";
import { packet, uwsgiRequest } from "../support/uwsgi-client.ts";

interface Asked {
  readonly method?: string;
  readonly headers?: readonly Pair[];
  /** Announced, whatever is sent. */
  readonly length?: number;
  readonly kept?: boolean;
}

interface Protocol {
  readonly name: string;
  readonly createServer: typeof http.createServer;
  /** A request that is complete, or lacks nothing but the body that it announces. */
  request(asked?: Asked): Buffer;
  readonly malformed: Buffer;
  /** Whether a connection may stay open behind a response. */
  readonly keeps: boolean;
  /** Whether a response has come in full, where it is the client who closes a connection that is not to be kept. */
  isAnswered?(received: Buffer): boolean;
}

function variablesOf({ method = "GET", headers = [], length }: Asked = {}): Pair[] {
  const pairs: Pair[] = [...get("/").slice(1), ["REQUEST_METHOD", method]];
  for (const [name, value] of headers) pairs.push([`HTTP_${name.toUpperCase().replaceAll("-", "_")}`, value]);
  if (length !== undefined) pairs.push(["CONTENT_LENGTH", `${length}`]);
  return pairs;
}

const protocols: readonly Protocol[] = [
  {
    name: "fcgi",
    createServer: fcgi.createServer,
    request(asked = {}) {
      const all = responderRequest(1, variablesOf(asked), { flags: asked.kept ? KEEP_CONN : 0 });
      return Buffer.concat(asked.length === undefined ? all : all.slice(0, -1));
    },
    // §3.3: the version is 1.
    malformed: Buffer.from([9, 1, 0, 1, 0, 0, 0, 0]),
    keeps: true,
  },
  {
    name: "scgi",
    createServer: scgi.createServer,
    request: (asked) => scgiRequest(variablesOf(asked)),
    // A netstring begins with its length.
    malformed: Buffer.from("no netstring"),
    keeps: false,
  },
  {
    name: "uwsgi",
    createServer: uwsgi.createServer,
    request: (asked) => uwsgiRequest(variablesOf(asked)),
    // modifier1 of a request is 0 or a plugin's number, and 255 none of a web server's.
    malformed: packet(Buffer.alloc(0), 255),
    keeps: false,
  },
  {
    name: "ajp",
    createServer: ajp.createServer,
    request({ method = "GET", headers = [], length } = {}) {
      const all: Pair[] = length === undefined ? [...headers] : [...headers, ["Content-Length", `${length}`]];
      return forwardRequest({ method, headers: all });
    },
    // A packet of the web server begins with 1234.
    malformed: Buffer.from("AB\0\u0001\u0009", "latin1"),
    keeps: true,
    // END_RESPONSE: "AB", a length of 2, prefix code 5, and whether the connection may be used again.
    isAnswered: (received) => received.subarray(-6, -1).equals(Buffer.from("AB\0\u0002\u0005", "latin1")),
  },
  {
    name: "http",
    createServer: http.createServer,
    request({ method = "GET", headers = [], length, kept } = {}) {
      const lines = [`${method} / HTTP/1.1`, "Host: localhost"];
      for (const [name, value] of headers) lines.push(`${name}: ${value}`);
      if (length !== undefined) lines.push(`Content-Length: ${length}`);
      if (!kept) lines.push("Connection: close");
      return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
    },
    malformed: Buffer.from("no HTTP at all\r\n\r\n"),
    keeps: true,
  },
];

interface Served {
  readonly counters: Counters;
  /** Connects, and sends some bytes. */
  client(...bytes: Uint8Array[]): Client;
}

/** All that comes on a connection. */
class Client {
  readonly socket: Socket;
  received = 0;
  /** Resolves when the connection has come to its end, an orderly one or not. */
  readonly closed: Promise<void>;
  readonly #isAnswered: Protocol["isAnswered"];
  #last: Buffer = Buffer.alloc(0);
  #hangsUp = false;
  #wake: () => void = () => {};

  constructor(port: number, bytes: readonly Uint8Array[], { isAnswered }: Protocol) {
    this.#isAnswered = isAnswered;
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.length;
      this.#last = Buffer.concat([this.#last, chunk]).subarray(-16);
      this.#hangUpOnceAnswered();
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    for (const piece of bytes) this.socket.write(piece);
  }

  /** Resolves when the connection has been closed behind a response: by the server, or from here. */
  answered(): Promise<void> {
    this.#hangsUp = true;
    this.#hangUpOnceAnswered();
    return this.closed;
  }

  #hangUpOnceAnswered(): void {
    if (this.#hangsUp && this.#isAnswered?.(this.#last) === true) this.socket.end();
  }

  async some(): Promise<void> {
    while (this.received === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

async function serving(
  protocol: Protocol,
  application: Application,
  options: fcgi.FcgiOptions = {},
): Promise<Served> {
  const counters = new Counters();
  const made = protocol.createServer(validate(application), { log: () => {}, ...options }, counters);
  await once(made.server.listen(0, "127.0.0.1"), "listening");
  const { port } = made.server.address() as AddressInfo;
  const clients: Client[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.socket.destroy();
    made.abort(new Error("the test has finished"));
    await made.drain();
  });
  return {
    counters,
    client(...bytes) {
      const client = new Client(port, bytes, protocol);
      clients.push(client);
      return client;
    },
  };
}

const hello: Application = (_environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return ["Hello World!\n"];
};

/** An application that waits; `release` lets all of them go on. */
function gate() {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  const application: Application = async (environ, startResponse) => {
    await opened;
    return hello(environ, startResponse);
  };
  return { application, release };
}

function idle(counters: Counters): Promise<void> {
  return until("nothing is open or active", () => {
    const { open, active } = counters.values();
    return open === 0 && active === 0;
  });
}

describe.each(protocols)("$name", (protocol) => {
  test("counts the bytes of a connection", async () => {
    const { counters, client } = await serving(protocol, hello);
    const request = protocol.request();
    const peer = client(request);
    await peer.answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({
      accepted: 1,
      refused: 0,
      requests: 1,
      errors: 0,
      maxActive: 1,
      bytesReceived: request.length,
      bytesSent: peer.received,
    });
    expect(peer.received).toBeGreaterThan(0);
  });

  test("what a client did not take does not make a count shrink", async () => {
    const { counters, client } = await serving(protocol, (_environ, startResponse) => {
      const write = startResponse("200 OK", TEXT);
      for (let count = 0; count < 20; count++) void write(Buffer.alloc(1_000_000));
      return [];
    });
    const peer = client();
    peer.socket.pause();
    peer.socket.write(protocol.request());
    await until("the application was called", () => counters.requests === 1);
    const before = counters.values().bytesSent;
    peer.socket.destroy();
    await idle(counters);
    expect(counters.values().bytesSent).toBeGreaterThanOrEqual(before);
  });

  test("counts those that are active, and the most at once", async () => {
    const { application, release } = gate();
    const { counters, client } = await serving(protocol, application);
    const peers = [1, 2, 3].map(() => client(protocol.request()));
    await until("all have come", () => counters.active === 3);
    expect(counters.values().latency.every((count) => count === 0)).toBe(true);
    release();
    await Promise.all(peers.map((peer) => peer.answered()));
    await idle(counters);
    const { latency, ...values } = counters.values();
    expect(values).toMatchObject({ accepted: 3, requests: 3, maxActive: 3, errors: 0 });
    expect(latency.reduce((sum, count) => sum + count)).toBe(3);
  });

  test("counts HEAD as it counts GET", async () => {
    const { counters, client } = await serving(protocol, hello);
    await client(protocol.request({ method: "HEAD" })).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 0, refused: 0 });
  });

  const onPurpose = new Error("on purpose");

  test.each<[what: string, application: Application, options?: ServerOptions]>([
    [
      "that throws",
      () => {
        throw onPurpose;
      },
    ],
    ["that rejects", () => Promise.reject(onPurpose)],
    ["without a head", () => ["no startResponse"]],
    [
      "whose body breaks off",
      async (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          yield "begun";
          throw onPurpose;
        })();
      },
    ],
    [
      "shorter than it said",
      (_environ, startResponse) => {
        startResponse("200 OK", [...TEXT, ["Content-Length", "100"]]);
        return ["short"];
      },
    ],
    [
      "that takes too long",
      (environ) =>
        new Promise((_resolve, reject) => environ["postern.signal"].addEventListener("abort", reject)),
      { requestTimeoutMs: 20 },
    ],
    [
      "that takes too long, and fails on its own later",
      (environ) => {
        const { promise, reject } = withReject();
        environ["postern.signal"].addEventListener("abort", () => setImmediate(reject, onPurpose));
        return promise;
      },
      { requestTimeoutMs: 20 },
    ],
    [
      "that takes too long with its body",
      (environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          yield "begun";
          await once(environ["postern.signal"], "abort");
        })();
      },
      { requestTimeoutMs: 20 },
    ],
  ])("an application %s is one error", async (_what, application, options) => {
    const { counters, client } = await serving(protocol, quietly(application), options);
    await client(protocol.request()).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 1, refused: 0, active: 0 });
  });

  test("a 500 that the application answers with is no error", async () => {
    const { counters, client } = await serving(protocol, (_environ, startResponse) => {
      startResponse("500 Internal Server Error", TEXT);
      return ["sorry"];
    });
    await client(protocol.request()).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 0 });
  });

  test("an application whose cleaning up fails behind its response is no error", async () => {
    const { counters, client } = await serving(
      protocol,
      quietly((_environ, startResponse) => {
        startResponse("200 OK", [...TEXT, ["Content-Length", "5"]]);
        return (async function* () {
          try {
            yield "whole";
            yield "more";
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: on purpose
            throw onPurpose;
          }
        })();
      }),
    );
    await client(protocol.request()).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 0 });
  });

  test.each<[what: string, application: Application]>([
    [
      "and the application ends as it is told",
      async (environ) => {
        const signal = environ["postern.signal"];
        if (!signal.aborted) await once(signal, "abort");
        throw signal.reason;
      },
    ],
    [
      "and the application fails because of it",
      async (environ) => {
        const signal = environ["postern.signal"];
        if (!signal.aborted) await once(signal, "abort");
        throw onPurpose;
      },
    ],
    [
      "in the middle of a response",
      async (_environ, startResponse) => {
        startResponse("200 OK", TEXT);
        return (async function* () {
          for (;;) {
            yield Buffer.alloc(100_000);
            await new Promise(setImmediate);
          }
        })();
      },
    ],
  ])("a client that goes away %s is no error", async (_what, application) => {
    const { counters, client } = await serving(protocol, quietly(application));
    const peer = client(protocol.request());
    await until("the application was called", () => counters.active === 1);
    // A FastCGI client that only ends its side may still wait for the answer.
    peer.socket.resetAndDestroy();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 0, refused: 0 });
  });

  test("a body that the client cuts short is no error", async () => {
    const { counters, client } = await serving(protocol, async (environ, startResponse) => {
      for await (const _chunk of environ["wsgi.input"]);
      return hello(environ, startResponse);
    });
    const peer = client(protocol.request({ method: "POST", length: 100 }));
    await until("the application was called", () => counters.active === 1);
    peer.socket.destroy();
    await idle(counters);
    expect(counters.values()).toMatchObject({ requests: 1, errors: 0, refused: 0 });
  });

  test.each<[what: string, asked: Asked, options: ServerOptions]>([
    ["a body that is too long", { method: "POST", length: 11 }, { maxBodyBytes: 10 }],
    ["a head that is too long", { headers: [["X-Long", "x".repeat(5_000)]] }, { maxParamsBytes: 4_000 }],
  ])("%s is refused", async (_what, asked, options) => {
    const { counters, client } = await serving(protocol, hello, options);
    await client(protocol.request(asked)).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ accepted: 1, refused: 1, requests: 0, errors: 0 });
  });

  test("a request for which there is no room is refused", async () => {
    const { application, release } = gate();
    const { counters, client } = await serving(protocol, application, { maxConcurrent: 1 });
    const first = client(protocol.request());
    await until("the first has come", () => counters.active === 1);
    await client(protocol.request()).answered();
    expect(counters.values()).toMatchObject({ accepted: 2, refused: 1, requests: 1, active: 1 });
    release();
    await first.answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ refused: 1, requests: 1, maxActive: 1, errors: 0 });
  });

  test("a peer that speaks another protocol is refused, once", async () => {
    const { counters, client } = await serving(protocol, hello);
    await client(protocol.malformed, protocol.malformed).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ accepted: 1, refused: 1, requests: 0 });
  });
});

describe.each(protocols.filter(({ keeps }) => keeps))("$name: a connection that stays open", (protocol) => {
  test("counts its bytes", async () => {
    const { counters, client } = await serving(protocol, hello);
    const request = protocol.request({ kept: true });
    const peer = client(request);
    await peer.some();
    await until("the response has been sent", () => counters.values().bytesSent === peer.received);
    expect(counters.values()).toMatchObject({ open: 1, active: 0, bytesReceived: request.length });
    const before = peer.received;
    peer.socket.write(request);
    await until("it was asked again", () => peer.received === 2 * before);
    await until("both have been sent", () => counters.values().bytesSent === peer.received);
    expect(counters.values()).toMatchObject({ open: 1, requests: 2, bytesReceived: 2 * request.length });
  });
});

const fastcgi = protocols.find(({ name }) => name === "fcgi") as Protocol;
const packets = protocols.find(({ name }) => name === "ajp") as Protocol;
const embedded = protocols.find(({ name }) => name === "http") as Protocol;

describe("several requests on one connection", () => {
  test("fcgi: multiplexed", async () => {
    const { application, release } = gate();
    const { counters, client } = await serving(fastcgi, application);
    const peer = client(...[1, 2, 3].flatMap((id) => responderRequest(id, get("/"), { flags: KEEP_CONN })));
    await until("all have come", () => counters.active === 3);
    // §5.4: the application learns of it and goes on as it likes.
    peer.socket.write(record(ABORT_REQUEST, 2));
    await peer.some();
    expect(counters.active).toBe(3);
    release();
    await until("all have finished", () => counters.active === 0);
    expect(counters.values()).toMatchObject({ accepted: 1, open: 1, requests: 3, maxActive: 3, errors: 0 });
  });

  test("http: pipelined", async () => {
    const { counters, client } = await serving(embedded, hello);
    const kept = embedded.request({ kept: true });
    await client(Buffer.concat([kept, kept, embedded.request()])).answered();
    await idle(counters);
    expect(counters.values()).toMatchObject({ accepted: 1, requests: 3, errors: 0, refused: 0 });
  });

  test("http: pipelined, and the client goes away before the first is answered", async () => {
    const { application, release } = gate();
    const { counters, client } = await serving(embedded, application);
    const kept = embedded.request({ kept: true });
    const peer = client(Buffer.concat([kept, kept, kept]));
    await until("all have come", () => counters.active === 3);
    peer.socket.destroy();
    release();
    await idle(counters);
    expect(counters.values()).toMatchObject({ accepted: 1, requests: 3, errors: 0 });
  });
});

test.each<[what: string, protocol: Protocol, bytes: Buffer[]]>([
  [
    "fcgi: a request that begins twice",
    fastcgi,
    [...responderRequest(1, get("/"), { flags: KEEP_CONN }), beginRequest(1, KEEP_CONN)],
  ],
  ["fcgi: no record", fastcgi, [...responderRequest(1, get("/"), { flags: KEEP_CONN }), fastcgi.malformed]],
  ["ajp: a packet that nobody asked for", packets, [forwardRequest(), CPING]],
  ["ajp: no packet", packets, [forwardRequest(), packets.malformed]],
])("%s, in the middle of a request, is no connection that was refused", async (_what, protocol, bytes) => {
  const { application, release } = gate();
  const { counters, client } = await serving(protocol, application);
  await client(...bytes).closed;
  release();
  await idle(counters);
  expect(counters.values()).toMatchObject({ accepted: 1, refused: 0, requests: 1, errors: 0 });
});

describe("what only FastCGI has", () => {
  test.each<[what: string, bytes: Buffer[], options: fcgi.FcgiOptions]>([
    ["a role that the application does not play", [beginRequest(1, KEEP_CONN, AUTHORIZER)], {}],
    [
      "a second request where one connection carries one",
      [beginRequest(1, KEEP_CONN), beginRequest(2, KEEP_CONN)],
      { multiplexed: false },
    ],
    [
      "more requests on a connection than may be",
      [beginRequest(1, KEEP_CONN), beginRequest(2, KEEP_CONN)],
      { maxMultiplexed: 1 },
    ],
    [
      "variables without a method",
      [
        beginRequest(1, KEEP_CONN),
        record(PARAMS, 1, encodePairs([["PATH_INFO", "/"]])),
        record(PARAMS, 1),
        record(STDIN, 1),
      ],
      {},
    ],
  ])("%s is refused", async (_what, bytes, options) => {
    const { counters, client } = await serving(fastcgi, hello, options);
    await client(...bytes).some();
    expect(counters.values()).toMatchObject({ refused: 1, requests: 0, errors: 0 });
  });

  test("a web server that may not connect is refused", async () => {
    const counters = new Counters();
    const options = { log: () => {}, allowedServers: ["192.0.2.1"] };
    const made = fcgi.createServer(validate(hello), options, counters);
    await once(made.server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => made.drain());
    const { port } = made.server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    await once(socket, "close");
    expect(counters.values()).toMatchObject({ accepted: 0, open: 0, refused: 1 });
  });
});

/** What it lets fall is not to be seen in the tests' own output. */
function quietly(application: Application): Application {
  return (environ, startResponse) => {
    environ["wsgi.errors"].write = () => true;
    return application(environ, startResponse);
  };
}

function withReject(): { promise: Promise<never>; reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<never>((_resolve, rejectIt) => {
    reject = rejectIt;
  });
  return { promise, reject };
}
