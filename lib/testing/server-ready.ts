// Waits for a server that another process starts. Nobody tells when it listens, so it is asked again and again.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
import { durationOf, LONGEST_MS } from "../gateway/duration.ts";
import { type LiveOptions, liveApplication } from "./live-application.ts";
import { parseServerUrl } from "./server-address.ts";

export interface ReadyOptions extends Pick<LiveOptions, "ca"> {
  /** How long to wait, in milliseconds; 0 is no limit. @defaultValue `10_000` */
  readonly timeoutMs?: number;
  /** The process that is to serve: when it ends, nobody waits any longer. */
  readonly child?: ChildProcess;
}

/** Between two attempts, in milliseconds. */
const PAUSE_MS = 20;

/** What a web server answers whose application is not there yet (RFC 9110 §15.6.3 to §15.6.5). */
const NOT_YET = new Set([502, 503, 504]);

/**
 * Waits until a server answers.
 *
 * @param address a URL of http or https, until a GET of it is answered, with any status but 502, 503 and 504; or a unix
 *   socket's path (contains `/`), a port of this machine or `"host:port"`, until a connection is accepted, which is all
 *   that can be seen of a server for FastCGI or SCGI
 * @example
 * const port = await freePort();
 * const child = spawn("node", ["main.ts"], { env: { ...process.env, PORT: String(port) }, stdio: "inherit" });
 * await serverReady(`http://127.0.0.1:${port}`, { child });
 *
 * @throws {GatewayError} `NOT_READY`: the time is over, or the process has ended; `ADDRESS`; `OPTION` when `timeoutMs` is no
 *   number of milliseconds
 */
export async function serverReady(address: string | URL | number, options: ReadyOptions = {}): Promise<void> {
  const { timeoutMs = 10_000, child, ca } = options;
  const attempt = attemptAt(address, ca);
  const deadline = Date.now() + (durationOf("timeoutMs", timeoutMs) || Number.POSITIVE_INFINITY);
  for (;;) {
    // One that is made at the very end has time to hear that it is refused.
    const leftMs = Math.max(Math.ceil(deadline - Date.now()), PAUSE_MS);
    const failure = await attempt(Math.min(leftMs, LONGEST_MS));
    if (failure === undefined) return;
    if (child !== undefined && hasEnded(child)) {
      const how = child.signalCode ?? `status ${child.exitCode}`;
      throw notReady(address, `the process that was to serve ended with ${how}`, failure);
    }
    if (Date.now() >= deadline) throw notReady(address, `${timeoutMs} ms are over`, failure);
    await sleep(PAUSE_MS);
  }
}

/** Tries once, within milliseconds; gives what was wrong. */
type Attempt = (timeoutMs: number) => Promise<Error | undefined>;

function attemptAt(address: string | URL | number, ca: LiveOptions["ca"]): Attempt {
  if (address instanceof URL || /^https?:/i.test(String(address))) {
    const url = parseServerUrl(address as string | URL);
    return (timeoutMs) => ask(url, { timeoutMs, ...(ca !== undefined && { ca }) });
  }
  const place = placeOf(String(address));
  return (timeoutMs) => reach(place, timeoutMs);
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

function placeOf(address: string): Place {
  if (address.includes("/")) return { path: address };
  const [, host = "127.0.0.1", port] = /^(?:\[?(.+?)\]?:)?(\d{1,5})$/.exec(address) ?? [];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new GatewayError(
    "ADDRESS",
    `${JSON.stringify(address)} is no address: give a URL, a unix socket's path, a port, or "host:port"`,
  );
}

async function ask(url: URL, options: LiveOptions): Promise<Error | undefined> {
  try {
    // Below the address as one of an application there would be another page: "/ready/" of "/ready".
    const response = await liveApplication(url.origin, options).request(url.pathname, { stream: true });
    await response.close();
    if (!NOT_YET.has(response.status)) return undefined;
    return new GatewayError("NOT_READY", `it was answered ${response.status} ${response.reason}`);
  } catch (error) {
    return error as Error;
  }
}

async function reach(place: Place, timeoutMs: number): Promise<Error | undefined> {
  const socket = connect(place);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    socket.destroy();
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function notReady(address: string | URL | number, why: string, failure: Error): GatewayError {
  return new GatewayError(
    "NOT_READY",
    `${address} does not answer, and ${why}. At last: ${failure.message}`,
    {
      cause: failure,
    },
  );
}
