import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

/** Listens and never accepts: its thread waits for ever. With backlog 1 the system keeps two connections for it. */
const LISTENER = `
  const { createServer } = require("node:net");
  const { parentPort } = require("node:worker_threads");
  const server = createServer().listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** How many connections of others are on their way to it: more than the system keeps. */
const OTHERS = 6;

/** An address whose queue is full until the test ends: the system drops what asks for a connection, and nobody answers. */
export async function fullListener(): Promise<{ host: string; port: number }> {
  const worker = new Worker(LISTENER, { eval: true });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const [port]: number[] = await once(worker, "message");
  const address = { host: "127.0.0.1", port: port as number };
  const others: Socket[] = Array.from({ length: OTHERS }, () => connect(address).on("error", () => {}));
  onTestFinished(() => {
    for (const other of others) other.destroy();
  });
  await Promise.all(others.slice(0, 2).map((other) => once(other, "connect")));
  return address;
}
