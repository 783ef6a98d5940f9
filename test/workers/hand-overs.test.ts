// Connections that a process gives away, where the other side does not answer.

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { HandOvers } from "../../lib/workers/prefork/hand-overs.ts";
import { temporaryFolder } from "../support/folder.ts";

async function accepted(): Promise<Socket> {
  const { path, remove } = temporaryFolder();
  const server = createServer().listen(join(path, "socket"));
  await once(server, "listening");
  const client = connect(join(path, "socket"));
  onTestFinished(() => {
    client.destroy();
    server.close();
    remove();
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  return socket;
}

test("one that never arrives is waited for until it is given up", async () => {
  let sent = 0;
  const handOvers = new HandOvers(() => sent++);
  handOvers.offer(await accepted(), () => true);
  expect(sent).toBe(1);
  const nextTurn = new Promise((resolve) => setImmediate(resolve, "waits"));
  const settled = handOvers.settled().then(() => "settled");
  expect(await Promise.race([settled, nextTurn])).toBe("waits");
  handOvers.giveUp();
  expect(await settled).toBe("settled");
  // Of a server that still closes its connections it may be asked for afterwards.
  await handOvers.settled();
});
