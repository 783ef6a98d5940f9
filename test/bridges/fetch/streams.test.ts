// Bodies both ways over a real connection: who waits for whom, and what happens when somebody goes.

import { afterAll, expect, test } from "vitest";
import { fromFetch, restoreGlobalObjects } from "../../../lib/bridges/fetch.ts";
import {
  beginRequest,
  encodePairs,
  PARAMS,
  record,
  records,
  responderRequest,
  STDIN,
  STDOUT,
} from "../../support/fastcgi-client.ts";
import { get, post, serving } from "../../support/fcgi-server.ts";
import { promised } from "../../support/promised.ts";
import { silence, until, untilStill } from "../../support/until.ts";

const MEGABYTE = 1_048_576;

afterAll(() => restoreGlobalObjects());

function serve(handler: (request: Request) => Response | Promise<Response>) {
  return serving(fromFetch(handler));
}

/** The head of a request, whose body of this length is still to come. */
function begin(length: number): Buffer[] {
  return [beginRequest(1), ...records(PARAMS, 1, encodePairs(post("/", length))), record(PARAMS, 1)];
}

function endless(cancelled: (reason: unknown) => void, chunk = Buffer.alloc(65_536)): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.enqueue(chunk), cancel: cancelled });
}

test("a stream that never ends is cancelled once when its client goes", async () => {
  const reasons: unknown[] = [];
  const running = await serve(() => new Response(endless((reason) => void reasons.push(reason))));
  const client = await running.client();
  void client.send(...responderRequest(1, get("/")));
  await client.record(({ type }) => type === STDOUT);
  client.destroy();
  await until("the stream is cancelled", () => reasons.length > 0);
  await silence(50);
  expect(reasons.length).toBe(1);
});

test("so is one that waits, with the reason", async () => {
  const reasons: unknown[] = [];
  const { promise: signalled, resolve } = promised<AbortSignal>();
  const running = await serve((request) => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("first")),
      cancel: (reason) => void reasons.push(reason),
    });
    resolve(request.signal);
    return new Response(body);
  });
  const client = await running.client();
  void client.send(...responderRequest(1, get("/")));
  await client.record(({ type }) => type === STDOUT);
  client.destroy();
  await until("the stream is cancelled", () => reasons.length > 0);
  const signal = await signalled;
  expect([signal.aborted, reasons]).toEqual([true, [signal.reason]]);
});

test("the head does not wait for a stream that is silent at first", async () => {
  const { promise: go, resolve } = promised<void>();
  const running = await serve(() => {
    const pull = async (controller: ReadableStreamDefaultController) => {
      await go;
      controller.enqueue(Buffer.from("data: 1\n\n"));
      controller.close();
    };
    return new Response(new ReadableStream({ pull }), { headers: { "Content-Type": "text/event-stream" } });
  });
  const client = await running.client();
  void client.send(...responderRequest(1, get("/")));
  const first = await client.record(({ type }) => type === STDOUT);
  expect(first?.content.toString()).toMatch(/text\/event-stream\r\n\r\n$/);
  resolve();
  const { stdout } = await client.reply(1);
  expect(stdout.toString()).toMatch(/\r\n\r\ndata: 1\n\n$/);
});

test("a client that does not read is waited for", async () => {
  let given = 0;
  const chunk = Buffer.alloc(65_536);
  const running = await serve(() => {
    const pull = (controller: ReadableStreamDefaultController) => {
      controller.enqueue(chunk);
      given += chunk.length;
      if (given >= 50 * MEGABYTE) controller.close();
    };
    return new Response(new ReadableStream({ pull }));
  });
  const client = await running.client();
  void client.send(...responderRequest(1, get("/")));
  await client.record(({ type }) => type === STDOUT);
  client.pause();
  await untilStill("what is asked for", () => given);
  expect(given).toBeLessThan(10 * MEGABYTE);
  client.resume();
  const { stdout, end } = await client.reply(1);
  expect([end?.appStatus, stdout.length - stdout.indexOf("\r\n\r\n") - 4]).toEqual([0, 50 * MEGABYTE]);
});

test("an upload is read as fast as the handler takes it, and no faster", async () => {
  const { promise: go, resolve } = promised<void>();
  let taken = 0;
  const running = await serve(async (request) => {
    const reader = request.body?.getReader();
    await go;
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      taken += value.length;
    }
    return new Response(String(taken));
  });
  const client = await running.client();
  let sent = 0;
  const piece = Buffer.alloc(60_000);
  const sending = (async () => {
    await client.send(...begin(piece.length * 900));
    for (let count = 0; count < 900; count++) {
      await client.send(record(STDIN, 1, piece));
      sent += piece.length;
    }
    await client.send(record(STDIN, 1));
  })();
  await until("the server reads", () => sent > 0);
  await untilStill("what it has read", () => sent);
  expect(sent).toBeLessThan(10 * MEGABYTE);
  resolve();
  await sending;
  const { stdout } = await client.reply(1);
  expect(stdout.toString()).toMatch(/\r\n\r\n54000000$/);
});

test("50 MB there and back do not stay in memory", async () => {
  const running = await serve((request) => new Response(request.body));
  const client = await running.client();
  const piece = Buffer.alloc(60_000);
  const start = process.memoryUsage().arrayBuffers;
  let most = 0;
  const sending = (async () => {
    await client.send(...begin(piece.length * 900));
    for (let count = 0; count < 900; count++) await client.send(record(STDIN, 1, piece));
    await client.send(record(STDIN, 1));
  })();
  let received = 0;
  for (let ended = false; !ended; ) {
    const found = await client.record(() => true);
    ended = found === undefined || found.type === 3;
    for (const one of client.received.splice(0)) {
      ended ||= one.type === 3;
      if (one.type === STDOUT) received += one.content.length;
    }
    most = Math.max(most, process.memoryUsage().arrayBuffers - start);
  }
  await sending;
  expect(received).toBeGreaterThan(54_000_000);
  expect(received).toBeLessThan(54_001_000);
  expect(most).toBeLessThan(40 * MEGABYTE);
}, 60_000);

test("a handler that waits for the rest of a body hears when its client has gone", async () => {
  const { promise, resolve } = promised<unknown>();
  const running = await serve(async (request) => {
    resolve(await request.text().catch((error: unknown) => error));
    return new Response("too late");
  });
  const client = await running.client();
  await client.send(...begin(100), record(STDIN, 1, Buffer.from("part")));
  client.destroy();
  expect(await promise).toBeInstanceOf(Error);
});

test("so does one that keeps the stream", async () => {
  const { promise, resolve } = promised<ReadableStream>();
  const running = await serve((request) => {
    if (request.body !== null) resolve(request.body);
    return new Promise((done) => request.signal.addEventListener("abort", () => done(new Response("gone"))));
  });
  const client = await running.client();
  await client.send(...begin(100), record(STDIN, 1, Buffer.from("part")));
  const reader = (await promise).getReader();
  expect(Buffer.from((await reader.read()).value).toString()).toBe("part");
  const waiting = reader.read();
  client.destroy();
  await expect(waiting).rejects.toThrow();
});

test("a body that is read behind the response says that it is over", async () => {
  const { promise, resolve } = promised<Request>();
  const running = await serve((request) => {
    resolve(request);
    return new Response("answered");
  });
  const client = await running.client();
  await client.send(...begin(100), record(STDIN, 1, Buffer.from("part")));
  const { stdout } = await client.reply(1);
  expect(stdout.toString()).toMatch(/answered$/);
  await expect((await promise).text()).rejects.toThrow(/the response is over|destroyed|premature/i);
});

test("a body of which the handler cancels the rest does not hold the response", async () => {
  const running = await serve(async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    await reader?.cancel("enough");
    return new Response("enough");
  });
  const client = await running.client();
  await client.send(...begin(600_000), ...records(STDIN, 1, Buffer.alloc(600_000), 60_000), record(STDIN, 1));
  const { stdout, end } = await client.reply(1);
  expect([stdout.toString().endsWith("enough"), end?.appStatus]).toEqual([true, 0]);
});

test("a stream that fails behind its first chunk cuts the response", async () => {
  const running = await serve(() => {
    let chunks = 0;
    const pull = (controller: ReadableStreamDefaultController) => {
      if (chunks++ > 0) throw new Error("broken");
      controller.enqueue(Buffer.from("part"));
    };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  });
  const client = await running.client();
  void client.send(...responderRequest(1, get("/")));
  const { stdout, stderr, end } = await client.reply(1);
  expect([stdout.toString().endsWith("part"), end]).toEqual([true, undefined]);
  expect(stderr).toContain("Error: broken");
});
