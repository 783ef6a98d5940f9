// What a hostile, slow or unlucky peer can do to a FastCGI server, and what an unlucky application can.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { createServer } from "../../lib/servers/fcgi.ts";
import {
  beginRequest,
  encodePairs,
  GET_VALUES,
  KEEP_CONN,
  OVERLOADED,
  PARAMS,
  record,
  records,
  responderRequest,
  STDIN,
} from "../support/fastcgi-client.ts";
import { echoBody, get, post, serving, TEXT } from "../support/fcgi-server.ts";
import { silence, until, untilStill } from "../support/until.ts";

/** Longer than a connection is kept for what still arrives behind its response. */
const PATIENCE_MS = 2_500;

const echoPath: Application = (environ, startResponse) => {
  startResponse("200 OK", TEXT);
  return [environ.PATH_INFO];
};

function bodyOf(stdout: Buffer): string {
  return stdout.subarray(stdout.indexOf("\r\n\r\n") + 4).toString("latin1");
}

describe("a body in front of the end of its parameters", () => {
  test.each<[string, string[], string[], string | undefined]>([
    ["in part", ["bo"], ["dy"], "body"],
    ["longer than it says", ["body and more"], [], "body"],
    ["shorter than it says", ["bod"], [], undefined],
  ])("%s: counts as it does behind it", async (_name, before, behind, expected) => {
    const client = await (await serving(echoBody)).client();
    const stdin = (texts: string[]) => texts.map((text) => record(STDIN, 1, Buffer.from(text)));
    const early = behind.length === 0 ? [record(STDIN, 1)] : [];
    const late = behind.length === 0 ? [] : [record(STDIN, 1)];
    await client.send(
      beginRequest(1),
      ...stdin(before),
      ...early,
      ...records(PARAMS, 1, encodePairs(post("/", 4))),
      record(PARAMS, 1),
      ...stdin(behind),
      ...late,
    );
    const { stdout } = await client.reply(1);
    if (expected === undefined) expect(stdout.toString()).toMatch(/^Status: 400 /);
    else expect(bodyOf(stdout)).toBe(expected);
  });
});

test("maxConcurrent holds for requests that were all begun before the first was called", async () => {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let inside = 0;
  const fcgi = await serving(
    async (environ, startResponse) => {
      inside++;
      await gate;
      return echoPath(environ, startResponse);
    },
    { maxConcurrent: 1 },
  );
  const client = await fcgi.client();
  await client.send(beginRequest(1, KEEP_CONN), beginRequest(2, KEEP_CONN));
  for (const id of [1, 2]) await client.send(...responderRequest(id, get(`/${id}`)).slice(1));
  expect((await client.reply(2)).end?.protocolStatus).toBe(OVERLOADED);
  expect(inside).toBe(1);
  open();
  expect(bodyOf((await client.reply(1)).stdout)).toBe("/1");
});

test("an application that reads on behind its response gets an error, not silence", async () => {
  let told: (error: unknown) => void = () => {};
  const error = new Promise<unknown>((resolve) => {
    told = resolve;
  });
  const client = await (
    await serving((environ, startResponse) => {
      startResponse("200 OK", [...TEXT, ["Content-Length", "2"]]);
      return (async function* () {
        try {
          yield "ok";
        } finally {
          try {
            for await (const chunk of environ["wsgi.input"]) void chunk;
            told("the end");
          } catch (reason) {
            told(reason);
          }
        }
      })();
    })
  ).client();
  await client.send(
    beginRequest(1, KEEP_CONN),
    ...records(PARAMS, 1, encodePairs(post("/", 10))),
    record(PARAMS, 1),
  );
  await client.reply(1);
  expect(await error).toMatchObject({ name: "ProtocolError" });
});

test("a response larger than the sockets' buffers is whole though its request's body was left", async () => {
  const size = 4 * 1024 * 1024;
  const client = await (
    await serving((_environ, startResponse) => {
      startResponse("200 OK", TEXT);
      return [Buffer.alloc(size, "x")];
    })
  ).client();
  client.pause();
  await client.send(beginRequest(1), ...records(PARAMS, 1, encodePairs(post("/", 10))), record(PARAMS, 1));
  await silence(PATIENCE_MS);
  client.resume();
  expect(bodyOf((await client.reply(1)).stdout)).toHaveLength(size);
});

test.each<[string, () => Buffer[]]>([
  ["GET_VALUES", () => Array.from({ length: 1_000 }, () => record(GET_VALUES, 0))],
  ["types that we do not know", () => Array.from({ length: 1_000 }, () => record(99, 0))],
  ["roles that we do not play", () => Array.from({ length: 1_000 }, () => beginRequest(1, KEEP_CONN, 3))],
  [
    "whole requests",
    () => Array.from({ length: 40 }, () => responderRequest(1, get("/large"), { flags: KEEP_CONN })).flat(),
  ],
])("a peer that does not read its answers is not read from for ever: %s", async (_name, make) => {
  const batches = 80;
  const fcgi = await serving((_environ, startResponse) => {
    startResponse("200 OK", TEXT);
    return ["x".repeat(10_000)];
  });
  const client = await fcgi.client();
  client.pause();
  const batch = Buffer.concat(make());
  let sent = 0;
  const sending = (async () => {
    for (let number = 0; number < batches; number++) {
      await client.send(batch);
      sent++;
    }
  })();
  await untilStill("what was sent", () => sent);
  expect(sent).toBeLessThan(batches);
  client.resume();
  await sending;
  client.received.length = 0;
  await client.send(...responderRequest(7, get("/"), { flags: KEEP_CONN }));
  expect((await client.reply(7)).end?.appStatus).toBe(0);
});

test("a peer that is not allowed is not, also when it has reset its connection already", async () => {
  const called: string[] = [];
  const log: string[] = [];
  const { server, drain } = createServer(
    (environ, startResponse) => {
      called.push(environ.PATH_INFO);
      return echoPath(environ, startResponse);
    },
    { allowedServers: ["192.0.2.1"], log: (_level, line) => log.push(line) },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const request = Buffer.concat(responderRequest(1, get("/forged"))).toString("base64");
  // Synchronous, so that the connection is reset before it is accepted.
  spawnSync(process.execPath, [
    "-e",
    `const socket = require("net").connect(${port}, "127.0.0.1", () =>
       socket.write(Buffer.from("${request}", "base64"), () => setTimeout(() => socket.resetAndDestroy(), 50)));`,
  ]);
  await until("it is told of", () => log.length > 0);
  await drain();
  expect(called).toEqual([]);
  expect(log).toHaveLength(1);
});

test.each<[string, Buffer[]]>([
  [
    "inside a record of its parameters",
    [beginRequest(1), record(PARAMS, 1, Buffer.alloc(9)).subarray(0, 12)],
  ],
  ["between two", [beginRequest(1), record(PARAMS, 1, encodePairs(get("/")))]],
  ["inside the first header", [beginRequest(1).subarray(0, 5)]],
])("a request that ends %s is one line in the log", async (_name, sent) => {
  const fcgi = await serving(echoPath);
  const client = await fcgi.client();
  await client.send(...sent);
  client.end();
  await client.closed();
  expect(fcgi.log).toHaveLength(1);
});

test("lines for a log that nobody reads do not pile up: they go to standard error", async () => {
  let elsewhere = 0;
  const write = vi.spyOn(process.stderr, "write").mockImplementation((bytes) => {
    elsewhere += bytes.length;
    return true;
  });
  const size = 65_536;
  const lines = 64;
  const client = await (
    await serving((environ, startResponse) => {
      for (let number = 0; number < lines; number++) environ["wsgi.errors"].write("x".repeat(size));
      startResponse("200 OK", TEXT);
      return ["done"];
    })
  ).client();
  client.pause();
  await client.send(...responderRequest(1, get("/")));
  client.resume();
  const { stdout, stderr } = await client.reply(1);
  write.mockRestore();
  expect(bodyOf(stdout)).toBe("done");
  expect(stderr.length).toBeLessThan(2 * 1024 * 1024);
  expect(stderr.length + elsewhere).toBe(lines * size);
});
