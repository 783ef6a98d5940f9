// What a hostile, slow or unlucky client can do to the embedded HTTP server, and what an unlucky application can.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type ServeOptions, type Server, serve } from "../../lib/serve.ts";
import { silence } from "../support/until.ts";

/** Longer than a connection is kept for what still arrives behind its response. */
const PATIENCE_MS = 2_500;

let server: Server | undefined;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await server?.close();
  server = undefined;
});

async function serving(application: Application, options: Partial<ServeOptions> = {}): Promise<number> {
  server = serve(validate(application), {
    protocol: "http",
    bindAddress: 0,
    shutdownGraceMs: 1_000,
    log: () => {},
    ...options,
  });
  const [address] = await server.listening;
  return address !== undefined && "port" in address ? address.port : 0;
}

function client(port: number, ...lines: string[]): Socket & { text(): string } {
  const socket = connect({ port, host: "127.0.0.1" });
  sockets.push(socket);
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  socket.write(lines.join("\r\n"), "latin1");
  return Object.assign(socket, { text: () => text });
}

const TEXT = [["Content-Type", "text/plain"]] as const;

const get = (path: string, ...more: string[]) => [`GET ${path} HTTP/1.1`, "Host: a", ...more, "", ""];

function promised<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe("a client that goes away with requests still in a row", () => {
  test("aborts the signal of each, also of those whose turn had not come", async () => {
    const inside = promised<void>();
    const second = promised<void>();
    const port = await serving(async (environ) => {
      const signal = environ["postern.signal"];
      if (environ.PATH_INFO === "/2") inside.resolve();
      if (!signal.aborted) await once(signal, "abort");
      if (environ.PATH_INFO === "/2") second.resolve();
      throw signal.reason;
    });
    const socket = client(port, ...get("/1"), ...get("/2"));
    await inside.promise;
    socket.destroy();
    await second.promise;
  });

  test("ends the body of one that waited to be sent", async () => {
    const inside = promised<void>();
    const cleaned = promised<void>();
    const port = await serving(async (environ, startResponse) => {
      if (environ.PATH_INFO === "/1") return new Promise(() => {});
      startResponse("200 OK", TEXT);
      return (async function* () {
        try {
          for (;;) {
            inside.resolve();
            yield Buffer.alloc(65_536);
          }
        } finally {
          cleaned.resolve();
        }
      })();
    });
    const socket = client(port, ...get("/1"), ...get("/2"));
    await inside.promise;
    socket.destroy();
    await cleaned.promise;
  });
});

test("a connection goes on behind a body that was read in part", async () => {
  const port = await serving(async (environ, startResponse) => {
    if (environ.REQUEST_METHOD === "POST") await once(environ["wsgi.input"], "readable");
    startResponse("200 OK", TEXT);
    return [environ.PATH_INFO];
  });
  const socket = client(
    port,
    "POST /1 HTTP/1.1",
    "Host: a",
    "Content-Length: 1000000",
    "",
    "x".repeat(1_000_000) + get("/2", "Connection: close").join("\r\n"),
  );
  await once(socket, "close");
  expect(socket.text()).toContain("/2");
});

test("a slow reader gets a whole response though the request's body never came", async () => {
  const size = 16 * 1024 * 1024;
  const port = await serving((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return [Buffer.alloc(size, "x")];
  });
  const socket = client(port, "POST / HTTP/1.1", "Host: a", "Content-Length: 10", "", "");
  socket.pause();
  await silence(PATIENCE_MS);
  socket.resume();
  await once(socket, "close");
  expect(socket.text().length).toBeGreaterThan(size);
});

test("many writes that nobody waits for add no listeners", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on("warning", warn);
  const port = await serving(async (_environ, startResponse) => {
    const write = startResponse("200 OK", TEXT);
    const all = Array.from({ length: 40 }, () => write(Buffer.alloc(1024 * 1024)));
    await Promise.all(all);
    return [];
  });
  const socket = client(port, ...get("/", "Connection: close"));
  await once(socket, "close");
  process.off("warning", warn);
  expect(warnings).toEqual([]);
});

test("a client that does not read a response which is complete is closed after idleTimeoutMs", async () => {
  const size = 16 * 1024 * 1024;
  const port = await serving(
    (_environ, startResponse) => {
      startResponse("200 OK", TEXT);
      return [Buffer.alloc(size)];
    },
    { idleTimeoutMs: 200 },
  );
  const socket = client(port, ...get("/"));
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  socket.resume();
  await once(socket, "close");
  expect(socket.text().length).toBeLessThan(size);
});

test("garbage behind a request is answered behind its response, not in its place", async () => {
  const gate = promised<void>();
  const inside = promised<void>();
  const port = await serving(async (environ, startResponse) => {
    inside.resolve();
    await gate.promise;
    startResponse("200 OK", TEXT);
    return [environ.PATH_INFO];
  });
  const socket = client(port, ...get("/slow"), "garbage\r\n\r\n");
  await inside.promise;
  await silence(50);
  gate.resolve();
  await once(socket, "close");
  expect(socket.text()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(socket.text()).toContain("/slow");
});

test.each([
  ["FETCH / HTTP/1.1", 501],
  ["constructor / HTTP/1.1", 501],
  ["CONNECT example.org:443 HTTP/1.1", 501],
  ["\x16\x03\x01\x02\x00\x01", 400],
  ["GET / HTTP/3.1", 400],
])("%j is answered %i", async (line, status) => {
  const port = await serving((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return [];
  });
  const socket = client(port, line, "Host: a", "", "");
  await once(socket, "close");
  expect(socket.text()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});
