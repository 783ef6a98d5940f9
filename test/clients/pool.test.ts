// Which connections a client opens, keeps and closes.

import { writeFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FcgiClientOptions, fcgiClient } from "../../lib/clients/fcgi.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";
import { type FakeConnection, fakeServer } from "../support/fake-server.ts";
import { END_REQUEST, PARAMS, record, STDIN, STDOUT } from "../support/fastcgi-client.ts";
import { TEXT } from "../support/fcgi-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { fullListener } from "../support/full-listener.ts";
import { startServer } from "../support/running-server.ts";
import { until } from "../support/until.ts";

const REPLY = Buffer.concat([
  record(STDOUT, 1, Buffer.from("Content-Type: text/plain\r\n\r\nhello")),
  record(END_REQUEST, 1, Buffer.alloc(8)),
]);

async function answerAll(connection: FakeConnection): Promise<void> {
  for (let number = 1; ; number++) {
    await connection.until(() => connection.endsOf(STDIN) >= number);
    await connection.send(REPLY);
  }
}

async function against(serve: Parameters<typeof fakeServer>[0], options: Partial<FcgiClientOptions> = {}) {
  const fake = await fakeServer(serve);
  const php = fcgiClient({ address: fake.address, ...options });
  onTestFinished(() => php.close());
  const application = validate(php);
  const ask = (what: CallRequest = {}) => call(application, "/", what);
  return { fake, ask, connections: () => php.connections(), close: () => php.close() };
}

test("one connection takes request after request", async () => {
  const { fake, ask, connections } = await against(answerAll);
  for (let round = 0; round < 20; round++) expect((await ask()).text).toBe("hello");
  expect(fake.connections).toHaveLength(1);
  expect(connections()).toEqual({ open: 1, idle: 1, waiting: 0 });
});

test("maxIdle 0 keeps none, and says so to the server", async () => {
  const { fake, ask } = await against(answerAll, { maxIdle: 0 });
  for (let round = 0; round < 3; round++) await ask();
  expect(fake.connections).toHaveLength(3);
  for (const connection of fake.connections) {
    expect(connection.records[0]?.content.readUInt8(2)).toBe(0);
    await connection.until((one) => one.ended);
  }
});

test("under load there are never more than maxConnections, and they are used again", async () => {
  const active = { now: 0, most: 0 };
  const behind = await startServer(
    async (_environ, startResponse) => {
      active.most = Math.max(active.most, ++active.now);
      await turn();
      active.now--;
      startResponse("200 OK", TEXT);
      return ["hello"];
    },
    { protocol: "fcgi", copyErrors: false },
    () => Promise.reject(new Error("no client is wanted")),
  );
  onTestFinished(() => behind.stop());
  const php = fcgiClient({ address: behind.path, maxConnections: 4 });
  onTestFinished(() => php.close());
  let mostOpen = 0;
  const replies = await Promise.all(
    Array.from({ length: 300 }, async (_value, index) => {
      const reply = await call(php, "/", index % 3 === 0 ? { method: "POST", body: "x" } : {});
      mostOpen = Math.max(mostOpen, php.connections().open);
      return reply.text;
    }),
  );
  expect(replies).toEqual(Array(300).fill("hello"));
  expect(mostOpen).toBe(4);
  expect(active.most).toBeLessThanOrEqual(4);
  expect(php.connections()).toMatchObject({ waiting: 0 });
});

test("those that wait are answered in their order, on connections that become free", async () => {
  const { fake, ask } = await against(answerAll, { maxConnections: 1 });
  const order: number[] = [];
  const asked = Array.from({ length: 10 }, (_value, index) => ask().then(() => order.push(index)));
  await Promise.all(asked);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([fake.connections.length, fake.mostOpen]).toEqual([1, 1]);
});

test("too many that wait, and too long, are a 503; one that goes away leaves the queue", async () => {
  const { fake, ask, connections } = await against(() => {}, {
    maxConnections: 1,
    maxWaiting: 2,
    waitTimeoutMs: 700,
    responseTimeoutMs: 2_000,
  });
  const first = ask();
  while (fake.connections.length === 0) await turn();
  const second = ask();
  const abort = new AbortController();
  const third = ask({ signal: abort.signal });
  const fourth = await ask();
  expect([fourth.status, fourth.text]).toEqual([503, "Service Unavailable\n"]);
  expect(fourth.errors).toContain("all 1 connections to the FastCGI server at");
  expect(connections()).toEqual({ open: 1, idle: 0, waiting: 2 });
  abort.abort();
  await third;
  expect(connections().waiting).toBe(1);
  const late = await second;
  expect(late.status).toBe(503);
  expect(late.errors).toContain('became free in 700 ms ("waitTimeoutMs")');
  expect((await first).status).toBe(504);
});

test("a kept connection that the server closes is noticed, and no request is lost with it", async () => {
  const { fake, ask, connections } = await against(async (connection) => {
    await connection.until((one) => one.endsOf(STDIN) === 1);
    await connection.send(REPLY);
    connection.socket.end();
  });
  for (let round = 0; round < 3; round++) {
    expect((await ask()).text).toBe("hello");
    while (connections().open > 0) await turn();
  }
  expect(fake.connections).toHaveLength(3);
});

test("closed at the moment in which a request is sent, that is sent once more on a fresh one", async () => {
  const { fake, ask } = await against(async (connection, number) => {
    await connection.until((one) => one.endsOf(STDIN) === 1);
    await connection.send(REPLY);
    await connection.until((one) => one.endsOf(PARAMS) === 2);
    if (number === 1) connection.socket.destroy();
    else await connection.send(REPLY);
  });
  expect((await ask()).text).toBe("hello");
  const again = await ask();
  expect([again.status, again.text, again.errors]).toEqual([200, "hello", ""]);
  expect(fake.connections).toHaveLength(2);
});

test("but not twice, nor when an answer has begun", async () => {
  const { fake, ask } = await against(async (connection, number) => {
    if (number === 1) {
      await connection.until((one) => one.endsOf(STDIN) === 1);
      await connection.send(REPLY);
    }
    await connection.until((one) => one.endsOf(STDIN) === (number === 1 ? 2 : 1));
    connection.socket.destroy();
  });
  await ask();
  expect((await ask()).status).toBe(502);
  expect(fake.connections).toHaveLength(2);
  const begun = await against(async (connection) => {
    await connection.until((one) => one.endsOf(STDIN) === 1);
    await connection.send(REPLY);
    await connection.until((one) => one.endsOf(STDIN) === 2);
    await connection.send(record(STDOUT, 1, Buffer.from("Content-")));
    connection.socket.destroy();
  });
  await begun.ask();
  expect((await begun.ask()).status).toBe(502);
  expect(begun.fake.connections).toHaveLength(1);
});

test("a request that cannot be sent twice gets a connection of its own, in the place of a kept one where it must", async () => {
  const { fake, ask, connections } = await against(answerAll, { maxConnections: 1, maxWaiting: 0 });
  await ask();
  expect((await ask({ method: "POST", body: "x" })).text).toBe("hello");
  expect([fake.connections.length, connections().open]).toEqual([2, 1]);
  await fake.connections[0]?.until((one) => one.ended);
  await ask();
  expect(fake.connections).toHaveLength(2);
});

test("bytes that nobody asked for cost a kept connection", async () => {
  const { fake, ask, connections } = await against(answerAll);
  await ask();
  await fake.connections[0]?.send(REPLY);
  while (connections().open > 0) await turn();
  expect((await ask()).text).toBe("hello");
});

test("an idle connection is closed in time", async () => {
  const { fake, ask, connections } = await against(answerAll, { idleTimeoutMs: 100 });
  await ask();
  expect(connections().idle).toBe(1);
  await fake.connections[0]?.until((one) => one.ended);
});

// As PHP-FPM: a process has a connection for as long as it is open, and there is one process.
test("one process behind the socket: kept connections do not starve those that wait for it", async () => {
  let free: Promise<void> = Promise.resolve();
  const { fake, ask } = await against((connection) => {
    const closed = connection.until((one) => one.ended);
    const mine = free;
    free = free.then(() => closed);
    return mine.then(() => answerAll(connection));
  });
  const replies = await Promise.all(Array.from({ length: 6 }, () => ask()));
  expect(replies.map(({ text }) => text)).toEqual(Array(6).fill("hello"));
  expect(fake.connections.length).toBeGreaterThan(1);
});

test("close() waits for what is in progress, and takes nothing more", async () => {
  let answer: () => void = () => {};
  const { fake, ask, close, connections } = await against(async (connection) => {
    await connection.until((one) => one.endsOf(STDIN) === 1);
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    await connection.send(REPLY);
  });
  const asked = ask();
  while (fake.connections.length === 0) await turn();
  await fake.connections[0]?.until((one) => one.endsOf(STDIN) === 1);
  let closed = false;
  const closing = close().then(() => {
    closed = true;
  });
  const refused = await ask();
  expect([refused.status, closed]).toEqual([503, false]);
  expect(refused.errors).toContain("was closed");
  answer();
  expect((await asked).text).toBe("hello");
  await closing;
  expect(connections()).toEqual({ open: 0, idle: 0, waiting: 0 });
});

test("a process with nothing but idle connections ends", async () => {
  const { fake } = await against(answerAll);
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  writeFileSync(
    `${folder.path}/main.mjs`,
    `import { fcgiClient } from ${JSON.stringify(compiled("clients/fcgi.ts"))};
     import { call } from ${JSON.stringify(compiled("testing/call.ts"))};
     const client = fcgiClient({ address: ${JSON.stringify(fake.address)}, idleTimeoutMs: 0 });
     const { text } = await call(client, "/");
     console.log(text, client.connections().idle);`,
  );
  const child = new Child(process.execPath, [`${folder.path}/main.mjs`]);
  expect([await child.ended, child.output]).toEqual([0, "hello 1\n"]);
});

describe("a connection that does not come up", () => {
  async function toFull(options: Partial<FcgiClientOptions> = {}) {
    const { host, port } = await fullListener();
    const php = fcgiClient({ address: `${host}:${port}`, ...options });
    onTestFinished(() => php.close());
    const application = validate(php);
    return { where: `${host}:${port}`, php, ask: (what: CallRequest = {}) => call(application, "/", what) };
  }

  test("is a 504 after connectTimeoutMs, and leaves its place to the next one", async () => {
    const { where, php, ask } = await toFull({ connectTimeoutMs: 100, maxConnections: 1 });
    const begun = performance.now();
    const replies = await Promise.all([ask(), ask({ method: "POST", body: "x" })]);
    // One behind the other.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(190);
    for (const { status, errors } of replies) {
      expect(status).toBe(504);
      expect(errors).toContain(`${where} took no connection in 100 ms ("connectTimeoutMs")`);
    }
    expect(php.connections()).toEqual({ open: 0, idle: 0, waiting: 0 });
  });

  test("is given up when the client of the request goes away", async () => {
    const { php, ask } = await toFull({ connectTimeoutMs: 0 });
    const client = new AbortController();
    const asked = ask({ signal: client.signal });
    await until("it connects", () => php.connections().open === 1);
    client.abort(new ProtocolError("PEER_GONE", "the client closed the connection"));
    await asked;
    expect(php.connections()).toEqual({ open: 0, idle: 0, waiting: 0 });
  });
});
