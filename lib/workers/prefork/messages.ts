// What a pool and its children say to each other. The channel between them is the application's as well, so each message
// has a key of its own, and everything else is left alone.

import type { SendHandle, Serializable } from "node:child_process";
import type { CounterValues } from "../../gateway/counters.ts";
import type { PoolStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";

/** What a child is doing; sent when something has changed, a few times a second at the most. */
export interface Report {
  readonly counters: CounterValues;
  /** Connections that its parent gave it, and those of them that are open. */
  readonly taken: number;
  readonly connections: number;
  /** The part of the time of late in which its thread was at work: 0 to 1. */
  readonly busy: number;
  /** Memory in RAM, in bytes. */
  readonly memoryBytes: number;
}

export type FromChild =
  | { readonly type: "ready"; readonly addresses: readonly Address[] }
  /** It cannot serve, and ends. */
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | ({ readonly type: "report" } & Report)
  /** Somebody else than its parent told it to stop; it goes on until its parent says how. */
  | { readonly type: "leaving" }
  /** Comes with a connection that somebody else is to go on with, and what has been read of it, one code point a byte. */
  | { readonly type: "connection"; readonly bytes: string }
  /** A connection has come. */
  | { readonly type: "took" }
  /** Everything has come that was sent before this was asked. */
  | { readonly type: "checked"; readonly given: number }
  | { readonly type: "status"; readonly question: number };

export type FromParent =
  /** Gracefully; connections that the peer keeps can be handed over or not. */
  | { readonly type: "stop"; readonly handOver: boolean }
  | { readonly type: "stopNow" }
  /** Its log files have been moved away. */
  | { readonly type: "reopenLogs" }
  /** Asks for a report at once. */
  | { readonly type: "report" }
  | { readonly type: "connection"; readonly bytes: string }
  | { readonly type: "took" }
  /** Asks to be answered, behind so many connections. */
  | { readonly type: "check"; readonly given: number }
  | { readonly type: "status"; readonly question: number; readonly status: PoolStatus };

/** The side of a channel that is at hand: this process's own, or that of a child. */
interface Channel {
  readonly connected: boolean;
  send?(
    message: Serializable,
    handle?: SendHandle,
    options?: { keepOpen?: boolean },
    callback?: (error: Error | null) => void,
  ): boolean;
}

interface Envelope<T> {
  readonly postern: T;
}

/** Sends a message, unless the other side has gone: that is noticed elsewhere. */
export function tell<T extends FromChild | FromParent>(
  channel: Channel,
  message: T,
  connection?: SendHandle,
  sent: () => void = () => {},
): void {
  const envelope: Envelope<T> = { postern: message };
  // Our own end of a connection is closed by whoever sends it.
  if (channel.connected) channel.send?.(envelope, connection, { keepOpen: true }, sent);
  else sent();
}

/** What a message of the channel says, if it is one of ours. */
export function heard<T extends FromChild | FromParent>(message: unknown): T | undefined {
  return (message as Partial<Envelope<T>> | null | undefined)?.postern;
}
