import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { SocketWriter } from "../../lib/servers/socket-writer.ts";
import { temporaryFolder } from "../support/folder.ts";

const CHUNK = Buffer.alloc(65_536, "x");
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Both ends of a connection, whose second end does not read yet. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  sockets.push(near, far);
  return [near, far];
}

test("two chunks of 64 KB may wait for a peer that does not read; a third has to wait until it has read them", async () => {
  const [near, far] = await connection();
  const writer = new SocketWriter(near);
  near.on("drain", () => writer.wake());
  while (near.writableLength === 0) writer.send(CHUNK);
  // What the system has taken of it counts until it has taken it all.
  expect(near.writableLength).toBe(65_536);
  expect([writer.writable, writer.hasRoom]).toEqual([false, true]);
  writer.sendAll([CHUNK.subarray(0, 8), CHUNK.subarray(8)]);
  expect(near.writableLength).toBe(131_072);
  expect([writer.writable, writer.hasRoom]).toEqual([false, false]);
  const drained = writer.drained();
  far.resume();
  await drained;
  expect(near.writableLength).toBe(0);
  expect([writer.writable, writer.hasRoom]).toEqual([true, true]);
});

test("behind a write that has failed there is no room, and who waits hears that the peer has gone", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const path = join(folder.path, "socket");
  const server = createServer().listen(path);
  await once(server, "listening");
  // It does not read, and so has not heard of the end.
  const near = connect(path).pause();
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  sockets.push(near, far);
  const writer = new SocketWriter(near);
  near.on("error", () => {}).on("close", () => writer.wake());
  far.destroy();
  await once(far, "close");
  writer.send(CHUNK);
  // Node tells of it in a moment.
  expect([near.destroyed, near.writableLength, writer.hasRoom]).toEqual([false, 0, false]);
  await writer.drained();
  expect(near.destroyed).toBe(true);
  expect(near.errored).toMatchObject({ code: "EPIPE" });
});

test("who waits for a peer that goes does not wait for ever", async () => {
  const [near, far] = await connection();
  const writer = new SocketWriter(near);
  near.on("error", () => {}).on("close", () => writer.wake());
  while (writer.hasRoom) writer.send(CHUNK);
  const drained = writer.drained();
  far.destroy();
  await drained;
  await writer.drained();
});
