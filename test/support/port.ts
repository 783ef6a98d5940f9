import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether somebody listens on a port of the loopback, or on a unix socket. */
export async function isListening(address: number | string): Promise<boolean> {
  const socket = typeof address === "number" ? connect(address, "127.0.0.1") : connect(address);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until somebody listens there. The kernel has no event for that, so it asks again and again. */
export async function untilListening(address: number | string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isListening(address))) {
    if (Date.now() > deadline) throw new Error(`nobody listens on ${address} after ${timeoutMs} ms`);
    await sleep(20);
  }
}
