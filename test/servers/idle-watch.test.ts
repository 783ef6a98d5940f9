import { once } from "node:events";
import { connect, createServer, Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { IdleWatch } from "../../lib/servers/idle-watch.ts";
import { temporaryFolder } from "../support/folder.ts";
import { silence, until } from "../support/until.ts";

const IDLE_MS = 400;

/** Both ends of a connection, the first of which is watched. */
async function watched(): Promise<{ socket: Socket; peer: Socket; idle: Promise<number>; count(): number }> {
  // What a peer reads of a unix socket makes room at once.
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const path = join(folder.path, "socket");
  const server = createServer().listen(path);
  const peer = connect(path);
  const [socket] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  const began = performance.now();
  let count = 0;
  const idle = new Promise<number>((resolve) => {
    const watch = new IdleWatch(IDLE_MS);
    const watching = watch.watch(socket, {
      idle() {
        count++;
        resolve(performance.now() - began);
      },
    });
    socket.on("close", () => watch.forget(watching));
  });
  return { socket, peer, idle, count: () => count };
}

test("a connection without a byte is told of when the time is over, and each time that it is over again", async () => {
  const { idle, count } = await watched();
  expect(await idle).toBeGreaterThanOrEqual(IDLE_MS * 0.95);
  await until("it is told of twice more", () => count() >= 3);
});

test.each(["in", "out"])("bytes that go %s begin the time anew", async (direction) => {
  const { socket, peer, count } = await watched();
  const [from, to] = direction === "in" ? [peer, socket] : [socket, peer];
  to.resume();
  for (let sent = 0; sent < 15; sent++) {
    from.write("x");
    await sleep(IDLE_MS / 10);
  }
  expect(count()).toBe(0);
});

test("a peer that reads slowly is left alone, and one that has stopped is told of", async () => {
  const { socket, peer, idle, count } = await watched();
  peer.pause();
  socket.write(Buffer.alloc(4_000_000));
  for (let read = 0; read < 15; read++) {
    await sleep(IDLE_MS / 10);
    peer.read(65_536);
  }
  expect(count()).toBe(0);
  await idle;
});

test("nothing is told of a connection that has closed", async () => {
  const { socket, count } = await watched();
  socket.destroy();
  await silence(IDLE_MS * 2);
  expect(count()).toBe(0);
});

/** A watch over a socket that goes nowhere, by a clock that the test moves on. */
function byTheClock() {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const watch = new IdleWatch(IDLE_MS);
  const socket = new Socket();
  let count = 0;
  const watching = watch.watch(socket, { idle: () => void count++ });
  return { watch, socket, watching, count: () => count };
}

test("bytes that waited begin the time when they are gone, not when they were written", () => {
  const { socket, count } = byTheClock();
  let waiting = 1;
  Object.defineProperty(socket, "writableLength", { get: () => waiting });
  vi.advanceTimersByTime(IDLE_MS);
  waiting = 0;
  vi.advanceTimersByTime(IDLE_MS);
  expect(count()).toBe(0);
  vi.advanceTimersByTime(IDLE_MS / 8);
  expect(count()).toBe(1);
});

test("no timer is left once the last connection has closed, and the next one has one again", () => {
  const { watch, socket, watching, count } = byTheClock();
  const other = watch.watch(socket, { idle() {} });
  watch.forget(watching);
  vi.advanceTimersByTime(IDLE_MS);
  expect(vi.getTimerCount()).toBe(1);
  watch.forget(other);
  vi.advanceTimersByTime(IDLE_MS / 8);
  expect(vi.getTimerCount()).toBe(0);
  let late = 0;
  watch.watch(socket, { idle: () => void late++ });
  vi.advanceTimersByTime((IDLE_MS / 8) * 9);
  expect([count(), late, vi.getTimerCount()]).toEqual([0, 1, 1]);
});
