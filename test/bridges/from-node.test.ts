// What a comparison with node:http cannot show: mounts, rebuilt targets, failures, and what the gateway adds.

import { spawnSync } from "node:child_process";
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { type Readable, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { fromNode } from "../../lib/bridges/node.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { ErrorStream } from "../../lib/gateway/error-stream.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { RequestBody } from "../../lib/servers/request-body.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { compiled } from "../support/dist.ts";
import { testEnviron } from "../support/environ.ts";
import {
  ABORT_REQUEST,
  FastCgiClient,
  record,
  responderRequest,
  STDIN,
  STDOUT,
} from "../support/fastcgi-client.ts";
import { get, post, serving } from "../support/fcgi-server.ts";

const load = createRequire(import.meta.url);
const text = { "Content-Type": "text/plain" };

interface Seen {
  url: string;
  originalUrl?: string;
  baseUrl?: string;
}

async function seen(target: string, request: CallRequest): Promise<Seen> {
  const listener = fromNode((incoming, response) => {
    const { url, originalUrl, baseUrl } = incoming as unknown as Seen;
    response.writeHead(200, text).end(JSON.stringify({ url, originalUrl, baseUrl }));
  });
  return JSON.parse((await call(listener, target, request)).text) as Seen;
}

describe("req.url", () => {
  test.each<[name: string, environ: Record<string, string>, expected: Seen]>([
    [
      "is the target below the mount point, with what is encoded in it",
      { REQUEST_URI: "/app/a%2Fb//c?x=%20", SCRIPT_NAME: "/app", PATH_INFO: "/a/b/c", QUERY_STRING: "x=%20" },
      { url: "/a%2Fb//c?x=%20", baseUrl: "/app", originalUrl: "/app/a%2Fb//c?x=%20" },
    ],
    [
      "begins with a slash at the mount point itself",
      { REQUEST_URI: "/app?x", SCRIPT_NAME: "/app", PATH_INFO: "", QUERY_STRING: "x" },
      { url: "/?x", baseUrl: "/app", originalUrl: "/app?x" },
    ],
    [
      "finds a mount point that the client has encoded",
      { REQUEST_URI: "//%61pp/x", SCRIPT_NAME: "/app", PATH_INFO: "/x", QUERY_STRING: "" },
      { url: "/x", baseUrl: "//%61pp", originalUrl: "//%61pp/x" },
    ],
    [
      "is what the web server made of the target where it rewrites",
      { REQUEST_URI: "/old", SCRIPT_NAME: "/app", PATH_INFO: "/n\xc3\xa9w x%", QUERY_STRING: "y=1" },
      { url: "/n%C3%A9w%20x%25?y=1", baseUrl: "/app", originalUrl: "/app/n%C3%A9w%20x%25?y=1" },
    ],
    [
      "has no dot segments that the web server took out",
      { REQUEST_URI: "/a/../b", SCRIPT_NAME: "", PATH_INFO: "/b", QUERY_STRING: "" },
      { url: "/b" },
    ],
    [
      "keeps the authority of an absolute target",
      { REQUEST_URI: "http://h/app/x", SCRIPT_NAME: "/app", PATH_INFO: "/x", QUERY_STRING: "" },
      { url: "http://h/x", baseUrl: "/app", originalUrl: "http://h/app/x" },
    ],
  ])("%s", async (_name, environ, expected) => {
    expect(await seen("/", { environ })).toEqual(expected);
  });

  test("is made of path and query where there is no REQUEST_URI", async () => {
    const environ = { REQUEST_URI: undefined, SCRIPT_NAME: "", PATH_INFO: "/a b", QUERY_STRING: "c" };
    expect(await seen("/", { environ })).toEqual({ url: "/a%20b?c" });
  });
});

describe.each(["express", "express4"])("%s, mounted by the web server", (name) => {
  const express = load(name);
  const app = express();
  app.get("/go", (_request: unknown, response: { redirect(to: string): void }) => response.redirect("there"));
  const router = express.Router();
  router.get("/x", (request: Seen, response: { json(value: unknown): void }) => {
    const { url, baseUrl, originalUrl } = request;
    response.json({ url, baseUrl, originalUrl });
  });
  app.use("/inner", router);
  app.use("/files", express.static(import.meta.dirname));
  const application = fromNode(app as RequestListener);

  test("knows where it is", async () => {
    const response = await call(application, "/inner/x?y", { scriptName: "/app" });
    expect(JSON.parse(response.text)).toEqual({
      url: "/x?y",
      baseUrl: "/app/inner",
      originalUrl: "/app/inner/x?y",
    });
  });

  test("redirects to a folder below its mount point", async () => {
    const response = await call(application, "/files/contract", { scriptName: "/app" });
    expect([response.status, response.header("location")]).toEqual([301, "/app/files/contract/"]);
  });
});

// RFC 9110 §8.6: a client sends a length of 0 with methods that ask for a body. SCGI has one with each request.
test.each([
  ["GET", undefined],
  ["DELETE", undefined],
  ["POST", "0"],
])("a length of 0 that the web server has added to %s is no header", async (method, expected) => {
  const bridged = fromNode((request, response) => {
    response
      .writeHead(200, text)
      .end(JSON.stringify([request.headers["content-length"], request.rawHeaders.includes("0")]));
  });
  const { text: answer } = await call(bridged, "/", { method, environ: { CONTENT_LENGTH: "0" } });
  expect(JSON.parse(answer)).toEqual([expected ?? null, expected !== undefined]);
});

// Express changes the prototypes of what it gets, which up to Node 22 costs more than all the rest of a request.
describe("an application that shows prototypes for its requests and responses, as Express does", () => {
  interface Shown extends RequestListener {
    request?: object;
    response?: object;
  }

  /** What the listener's request and response have as prototypes when it is called. */
  async function given(application: Application): Promise<{ request: object; response: object }> {
    const response = await call(application, "/");
    expect(response.status).toBe(200);
    return prototypes;
  }

  let prototypes = { request: {}, response: {} };
  const listener = (): Shown =>
    function shown(request, response) {
      prototypes = { request: Object.getPrototypeOf(request), response: Object.getPrototypeOf(response) };
      response.writeHead(200, text).end();
    };

  test.each<[name: string, bridged: (listener: Shown) => Application]>([
    ["called itself", fromNode],
    ["the only listener of a server", (shown) => fromNode(createServer(shown))],
  ])("gets them so, %s", async (_name, bridged) => {
    const request = Object.create(IncomingMessage.prototype);
    const response = Object.create(ServerResponse.prototype);
    const application = bridged(Object.assign(listener(), { request, response }));
    const seen = await given(application);
    expect([seen.request === request, seen.response === response]).toEqual([true, true]);
  });

  test("may show others later", async () => {
    const shown = listener();
    const application = fromNode(shown);
    const none = await given(application);
    expect([none.request === IncomingMessage.prototype, none.response === ServerResponse.prototype]).toEqual([
      true,
      true,
    ]);
    for (const request of [Object.create(IncomingMessage.prototype), IncomingMessage.prototype]) {
      shown.request = request;
      const seen = await given(application);
      expect([seen.request === request, seen.response === ServerResponse.prototype]).toEqual([true, true]);
    }
  });

  test("gets Node's own where what it shows is something else", async () => {
    const request = (): void => {};
    const seen = await given(fromNode(Object.assign(listener(), { request, response: {} })));
    expect([seen.request === IncomingMessage.prototype, seen.response === ServerResponse.prototype]).toEqual([
      true,
      true,
    ]);
  });

  test("gets Node's own where what it shows cannot be read, which node:http never does", async () => {
    const unreadable = {
      get: (): never => {
        throw new Error("the application is not ready");
      },
    };
    const seen = await given(
      fromNode(Object.defineProperties(listener(), { request: unreadable, response: unreadable })),
    );
    expect([seen.request === IncomingMessage.prototype, seen.response === ServerResponse.prototype]).toEqual([
      true,
      true,
    ]);
  });

  test("gets none that is a request or a response itself: what belongs to one is not the next one's", async () => {
    const shown = listener();
    const users: unknown[] = [];
    const keeping: Shown = (request, response) => {
      users.push(Reflect.get(request, "user"), Reflect.get(response, "user"));
      Object.assign(request, { user: "ada" });
      Object.assign(response, { user: "ada" });
      Object.assign(keeping, { request, response });
      shown(request, response);
    };
    const application = fromNode(keeping);
    for (let count = 0; count < 2; count++) {
      const seen = await given(application);
      expect([
        seen.request === IncomingMessage.prototype,
        seen.response === ServerResponse.prototype,
      ]).toEqual([true, true]);
    }
    expect(users).toEqual([undefined, undefined, undefined, undefined]);
  });

  test.each(["express", "express4"])("finds them in %s", async (name) => {
    const app = load(name)();
    const seen: boolean[] = [];
    // Express asks for it before it sets the prototypes.
    const handle = app.handle;
    app.handle = (request: IncomingMessage, response: ServerResponse, next: unknown) => {
      seen.push(
        Object.getPrototypeOf(request) === app.request,
        Object.getPrototypeOf(response) === app.response,
      );
      handle.call(app, request, response, next);
    };
    app.get("/", (_request: unknown, response: { json(value: unknown): void }) => response.json("done"));
    expect((await call(fromNode(app as RequestListener), "/")).text).toBe('"done"');
    expect(seen).toEqual([true, true]);
  });
});

describe("what fails", () => {
  test("a listener that throws is a 500, and its request and response close", async () => {
    const closed: string[] = [];
    const application = fromNode((request, response) => {
      request.once("close", () => closed.push("request"));
      response.once("close", () => closed.push("response"));
      throw new Error("boom");
    });
    const response = await call(application, "/");
    expect([response.status, response.text]).toEqual([500, "Internal Server Error\n"]);
    expect(response.errors).toContain("Error: boom");
    await expect.poll(() => closed.sort()).toEqual(["request", "response"]);
  });

  test("so is an async one that rejects", async () => {
    const response = await call(
      fromNode(async () => {
        throw new Error("boom");
      }),
      "/",
    );
    expect(response.status).toBe(500);
    expect(response.errors).toContain("Error: boom");
  });

  test("a rejection behind the response is logged", async () => {
    const lines: string[] = [];
    const errors = new ErrorStream((bytes) => lines.push(String(bytes)));
    const application = fromNode(async (_request, response) => {
      response.writeHead(200, text).end("ok");
      throw new Error("late");
    });
    const response = await call(application, "/", { environ: { "wsgi.errors": errors } });
    expect([response.status, response.text]).toEqual([200, "ok"]);
    await expect.poll(() => lines.join("")).toContain("Error: late");
  });

  test("a response that is destroyed before its head is a 500", async () => {
    const response = await call(
      fromNode((_request, response) => {
        response.destroy();
      }),
      "/",
    );
    expect(response.status).toBe(500);
  });

  test("fewer bytes than the Content-Length cut the response", async () => {
    const response = await call(
      fromNode((_request, response) => {
        response.writeHead(200, { ...text, "Content-Length": "10" });
        response.write("short");
        setImmediate(() => response.end());
      }),
      "/",
    );
    expect([response.text, response.cut]).toEqual(["short", true]);
    expect(response.errors).toContain("5 bytes before its Content-Length");
  });

  test("more bytes than the Content-Length are dropped, with a warning", async () => {
    const response = await call(
      fromNode((_request, response) => {
        response.writeHead(200, { ...text, "Content-Length": "2" }).end("long");
      }),
      "/",
    );
    expect(response.text).toBe("lo");
    expect(response.errors).toContain("more bytes than its Content-Length");
  });

  test("raw bytes in the place of a head are the application's fault", async () => {
    const response = await call(
      fromNode((_request, response) => {
        response.socket?.write("garbage\r\n\r\n");
      }),
      "/",
    );
    expect(response.status).toBe(500);
    expect(response.errors).toContain("RAW_WRITE");
  });

  test("a time-out of the server aborts the request, and a listener that never answers is ended", async () => {
    let aborted = false;
    const { client } = await serving(
      fromNode((request, response) => {
        request.once("aborted", () => {
          aborted = true;
        });
        response.once("close", () => {});
      }),
      { requestTimeoutMs: 50 },
    );
    const connection = await client();
    void connection.send(...responderRequest(1, get("/")));
    expect((await connection.reply(1)).stdout.toString()).toContain("504 Gateway Timeout");
    await expect.poll(() => aborted).toBe(true);
  });

  test("an environ without a signal is the gateway's fault, and ends no process", async () => {
    const { environ } = testEnviron({ "postern.signal": undefined });
    const body = fromNode(() => {})(environ, () => async () => {});
    await expect(body).rejects.toThrow(TypeError);
  });

  test("CONNECT is refused", async () => {
    expect(
      (
        await call(
          fromNode(() => {}),
          "/",
          { method: "CONNECT" },
        )
      ).status,
    ).toBe(501);
  });

  test("neither a listener nor a server is refused at once", () => {
    expect(() => fromNode({} as RequestListener)).toThrow(expect.objectContaining({ code: "APPLICATION" }));
  });
});

describe("an http.Server", () => {
  test("has its time-out on the socket of each request", async () => {
    const server = createServer(() => {});
    const timedOut = new Promise<string>((resolve) => {
      server.setTimeout(20, (socket) => {
        resolve(String(socket.timeout));
        socket.destroy();
      });
    });
    const response = await call(fromNode(server), "/");
    expect([await timedOut, response.status]).toEqual(["20", 500]);
  });

  test("hears of requests and expectations", async () => {
    const server = createServer((_request, response) => response.writeHead(200, text).end("request"));
    server.on("checkContinue", (_request, response) => response.writeHead(200, text).end("continue"));
    server.on("checkExpectation", (_request, response) => response.writeHead(200, text).end("expectation"));
    const application = fromNode(server);
    const answers = [];
    for (const expectation of [[], [["Expect", "100-continue"]], [["Expect", "else"]]] as const) {
      answers.push((await call(application, "/", { headers: expectation })).text);
    }
    expect(answers).toEqual(["request", "continue", "expectation"]);
  });

  test("that is asked for an upgrade answers as if it were not", async () => {
    const server = createServer((_request, response) => response.writeHead(200, text).end("plain"));
    server.on("upgrade", () => {});
    const headers = { Upgrade: "websocket", Connection: "upgrade" };
    expect((await call(fromNode(server), "/", { headers })).text).toBe("plain");
  });

  test("of nobody that listens is a 500", async () => {
    expect((await call(fromNode(createServer()), "/")).status).toBe(500);
  });
});

test("the socket says what the environ does", async () => {
  const application = fromNode((request, response) => {
    const { socket } = request;
    const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
    const address = socket.address();
    const encrypted = "encrypted" in socket && socket.encrypted;
    response.writeHead(200, text).end(
      JSON.stringify({
        remoteAddress,
        remotePort,
        remoteFamily,
        localAddress,
        localPort,
        address,
        encrypted,
      }),
    );
  });
  const environ = {
    REMOTE_ADDR: "2001:db8::1",
    REMOTE_PORT: "5",
    SERVER_ADDR: "192.0.2.1",
    SERVER_PORT: "443",
  };
  expect(JSON.parse((await call(application, "/", { https: true, environ })).text)).toEqual({
    remoteAddress: "2001:db8::1",
    remotePort: 5,
    remoteFamily: "IPv6",
    localAddress: "192.0.2.1",
    localPort: 443,
    address: { address: "192.0.2.1", family: "IPv4", port: 443 },
    encrypted: true,
  });
});

test("trailers and headers of the connection are dropped, each with a warning once", async () => {
  const application = fromNode((_request, response) => {
    response.writeHead(200, { ...text, Trailer: "X-Sum", Upgrade: "h2c" });
    response.write("body");
    response.addTrailers({ "X-Sum": "1" });
    response.end();
  });
  const [first, second] = [await call(application, "/"), await call(application, "/")];
  // On node:http it is chunked: it has no length here either.
  expect(first.headers).toEqual([["Content-Type", "text/plain"]]);
  expect(first.errors).toMatch(/header Upgrade .*dropped\n.*trailers were dropped/s);
  expect(second.errors).toBe("");
});

test("a body without a length shows as chunked, so that parsers look for it", async () => {
  const express = load("express");
  const app = express();
  app.use(express.json());
  app.post("/", (request: { body: unknown }, response: { json(value: unknown): void }) =>
    response.json(request.body),
  );
  async function* body() {
    yield Buffer.from('{"a":');
    yield Buffer.from("1}");
  }
  const headers = { "Content-Type": "application/json" };
  expect(
    (await call(fromNode(app as RequestListener), "/", { method: "POST", headers, body: body() })).text,
  ).toBe('{"a":1}');
});

test("flushHeaders() sends the head at once", async () => {
  let answer: (() => void) | undefined;
  const { client } = await serving(
    fromNode((_request, response) => {
      response.writeHead(200, text);
      response.flushHeaders();
      answer = () => response.end("body");
    }),
  );
  const connection = await client();
  void connection.send(...responderRequest(1, get("/")));
  const head = await connection.record(({ type }) => type === STDOUT);
  expect(head?.content.toString()).toMatch(/^Status: 200 OK\r\n.*\r\n\r\n$/s);
  answer?.();
  expect((await connection.reply(1)).stdout.toString()).toMatch(/\r\n\r\nbody$/);
});

test("a request without a body is complete for a listener that answers later, and its input left alone", async () => {
  let input: Readable | undefined;
  let isComplete = false;
  const bridged = fromNode(async (request, response) => {
    await new Promise((resolve) => setImmediate(resolve));
    isComplete = request.complete;
    response.writeHead(200, text).end();
  });
  const { client } = await serving((environ, startResponse) => {
    input = environ["wsgi.input"];
    return bridged(environ, startResponse);
  });
  const connection = await client();
  void connection.send(...responderRequest(1, get("/")));
  await connection.reply(1);
  expect([isComplete, input?.listenerCount("data")]).toEqual([true, 0]);
});

test("a request that is aborted with the bytes that bring it is one whose client has gone", async () => {
  const heard: string[] = [];
  let close = (): void => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const { client } = await serving(
    fromNode((request, response) => {
      request.on("aborted", () => heard.push("aborted"));
      request.on("error", (error: NodeJS.ErrnoException) => heard.push(`${error.code}`));
      response.on("close", close);
    }),
  );
  const connection = await client();
  void connection.send(...responderRequest(1, get("/")), record(ABORT_REQUEST, 1));
  await closed;
  expect(heard).toEqual(["aborted", "ECONNRESET"]);
});

// The second also takes longer than a reader may pause.
test.each([
  ["also by what is slower than it", 2],
  ["however long that takes", 70],
])("an upload is read to its end behind the response, %s", async (_how, delay) => {
  let count = 0;
  let finished = (): void => {};
  const whole = new Promise<void>((resolve) => {
    finished = resolve;
  });
  const { client } = await serving(
    fromNode((request, response) => {
      const slow = new Writable({
        highWaterMark: 1000,
        write(chunk: Buffer, _encoding, done) {
          count += chunk.length;
          setTimeout(done, delay);
        },
      });
      request.pipe(slow).on("finish", finished);
      request.on("close", finished);
      response.writeHead(202, text).end("accepted");
    }),
  );
  const connection = await client();
  const pieces = Array.from({ length: 20 }, () => record(STDIN, 1, Buffer.alloc(30_000)));
  const [begin, ...rest] = responderRequest(1, post("/", 600_000));
  const stdinEnd = rest.pop() as Buffer;
  void connection.send(begin as Buffer, ...rest, ...pieces, stdinEnd);
  expect((await connection.reply(1)).stdout.toString()).toMatch(/\r\n\r\naccepted$/);
  await whole;
  expect(count).toBe(600_000);
});

test("an upload that its reader has paused for good does not hold the response back", async () => {
  const { client } = await serving(
    fromNode((request, response) => {
      request.on("data", () => {
        request.pause();
        response.writeHead(413, text).end("too large");
      });
    }),
  );
  const connection = await client();
  const [begin, ...rest] = responderRequest(1, post("/", 300_000));
  rest.pop();
  void connection.send(begin as Buffer, ...rest, record(STDIN, 1, Buffer.alloc(30_000)));
  expect((await connection.reply(1)).stdout.toString()).toMatch(/\r\n\r\ntoo large$/);
});

test("nor does it so in a CGI script, which has nothing else to wait for", () => {
  const listener = `(request, response) => {
    response.end("too large");
    request.on("data", () => request.pause());
  }`;
  const program = `
    import { fromNode } from ${JSON.stringify(compiled("bridges/node.ts"))};
    import { WSGIServer } from ${JSON.stringify(compiled("faces/cgi.ts"))};
    await new WSGIServer(fromNode(${listener})).run();
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...Object.fromEntries(post("/", 300_000)), GATEWAY_INTERFACE: "CGI/1.1" },
    input: Buffer.alloc(300_000),
    encoding: "latin1",
  });
  expect([stdout.split("\r\n\r\n")[1], status]).toEqual(["too large", 0]);
});

test("a slow reader holds a large upload back, and gets all of it", { timeout: 60_000 }, async () => {
  const size = 32 * 1_048_576;
  const piece = Buffer.alloc(65_536, "x");
  let most = 0;
  const { path } = await serving(
    fromNode(async (request, response) => {
      let count = 0;
      for await (const chunk of request) {
        count += (chunk as Buffer).length;
        most = Math.max(most, request.readableLength);
        if (count % 1_048_576 < 65_536) await new Promise(setImmediate);
      }
      response.writeHead(200, text).end(String(count));
    }),
  );
  const client = await FastCgiClient.connect({ path });
  const [begin, ...rest] = responderRequest(1, post("/", size));
  const stdinEnd = rest.pop() as Buffer;
  await client.send(begin as Buffer, ...rest);
  for (let sent = 0; sent < size; sent += 32_768)
    await client.send(record(STDIN, 1, piece.subarray(0, 32_768)));
  await client.send(stdinEnd);
  expect((await client.reply(1)).stdout.toString()).toMatch(new RegExp(`\r\n\r\n${size}$`));
  expect(most).toBeLessThan(1_048_576);
  client.destroy();
});

test("a request whose body failed in front of the first byte of it is not one without a body", async () => {
  const body = new RequestBody(Number.POSITIVE_INFINITY, () => {});
  body.fail(new ProtocolError("BODY_TOO_LARGE", "too large"));
  const application = fromNode((request, response) => {
    setImmediate(() => request.resume().on("end", () => response.writeHead(200, text).end()));
  });
  const response = await call(application, "/", { environ: { "wsgi.input": body.stream } });
  expect(response.status).toBe(413);
});

test("a request whose body nobody reads closes behind its answer", async () => {
  const events: string[] = [];
  const application = fromNode((request, response) => {
    for (const name of ["end", "close"]) request.on(name, () => events.push(name));
    setImmediate(() => response.writeHead(200, text).end("done"));
  });
  const { client } = await serving(application);
  const connection = await client();
  void connection.send(...responderRequest(1, post("/", 3), { body: Buffer.from("abc") }));
  expect((await connection.reply(1)).stdout.toString()).toContain("done");
  // As on node:http.
  await expect.poll(() => events).toEqual(["end", "close"]);
});

test.each([
  ["read", async (input: Readable): Promise<void> => void (await input.toArray()), 200],
  ["destroyed", async (input: Readable): Promise<void> => void input.destroy(), 500],
] as const)(
  "a body that somebody in front has %s holds nobody up",
  async (_what, use: (input: Readable) => Promise<void>, status) => {
    const inner = fromNode(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.writeHead(200, text).end(`got ${body}`);
    });
    const outer: Application = async (environ, startResponse) => {
      await use(environ["wsgi.input"]);
      await new Promise(setImmediate);
      return inner(environ, startResponse);
    };
    expect((await call(outer, "/", { method: "POST", body: Buffer.from("abc") })).status).toBe(status);
  },
);
