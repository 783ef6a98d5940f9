// How servers that this process listens with come to their end.

import { GatewayError } from "../errors.ts";
import { durationOf } from "../gateway/duration.ts";
import type { Listener } from "./listen.ts";
import { DEFAULT_GRACE_MS, type WorkerOptions } from "./options.ts";

/**
 * How long what an application leaves open, such as a timer or a connection to a database, may keep a process whose
 * server has stopped, in milliseconds.
 */
export const LEFT_OPEN_MS = 10_000;

/**
 * How long a graceful stop waits, in milliseconds; 0 is no limit.
 *
 * @throws {GatewayError} `OPTION` when option `shutdownGraceMs` is no duration
 */
export function graceOf({ shutdownGraceMs }: WorkerOptions): number {
  return durationOf("shutdownGraceMs", shutdownGraceMs ?? DEFAULT_GRACE_MS);
}

/**
 * Stops accepting and waits for what is in progress, at the latest until the grace is over. Tells whether all of it has
 * finished.
 */
export async function windDown(listeners: readonly Listener[], graceMs: number): Promise<boolean> {
  let finished = true;
  const giveUp = (): void => {
    finished = false;
    abortAll(listeners, "the server stops and could not wait any longer");
  };
  const deadline = graceMs > 0 ? setTimeout(giveUp, graceMs) : undefined;
  await Promise.all(listeners.map((listener) => listener.drain()));
  clearTimeout(deadline);
  return finished;
}

/** Gives up what is in progress. */
export function abortAll(listeners: readonly Listener[], reason: string): void {
  for (const listener of listeners) listener.abort(new GatewayError("SHUTDOWN", reason));
}
