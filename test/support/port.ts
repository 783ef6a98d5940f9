import { once } from "node:events";
import { connect, createServer } from "node:net";
import { until } from "./until.ts";

/**
 * Below those that Linux gives to whoever asks for any port, or connects (net.ipv4.ip_local_port_range): a port that has
 * been found free here stays free until its server takes it.
 */
const FIRST = 12_000;

/** As many for each process of tests: those that run at the same time get none of each other's. */
const SHARE = 2_500;
const SHARES = 8;

const share = FIRST + (Number(process.env["VITEST_POOL_ID"] ?? 0) % SHARES) * SHARE;
/** Begins anywhere, so that what ran here before, or another run beside this one, is elsewhere. */
let place = Math.floor(Math.random() * SHARE);

/** A TCP port of the loopback that nobody listens on, another one each time. */
export async function freePort(): Promise<number> {
  for (let asked = 0; asked < SHARE; asked++) {
    place = (place + 1) % SHARE;
    const port = share + place;
    if (await isFree(port)) return port;
  }
  throw new Error(`all ports from ${share} to ${share + SHARE - 1} are in use`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
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

/** Waits until somebody listens there. */
export function untilListening(address: number | string, timeoutMs?: number): Promise<void> {
  return until(`somebody listens on ${address}`, () => isListening(address), timeoutMs);
}
