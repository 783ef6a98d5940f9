// What a pool and its threads say to each other. Messages are arrays, since their names would be copied with each.

import { inspect } from "node:util";
import { GatewayError, ProtocolError } from "../../errors.ts";
import type { PoolStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import type { Chunk } from "../../gateway/types.ts";
import type { PackedEnviron } from "./environ.ts";

/**
 * Weight of what a thread may have sent that was not taken yet. Four reads of a socket: enough to keep one busy, and
 * little beside what a process has anyway.
 */
export const WINDOW_BYTES = 262_144;

/** The pool says that a part of a response was taken when it weighs this much. Less than the window. */
export const CREDIT_BYTES = 65_536;

/** The most bytes of one chunk in a message: what a file stream of Node reads at once. */
export const PIECE_BYTES = 65_536;

/** Up to here bytes are copied into their message; giving memory away costs more than copying less. */
export const COPY_BYTES = 16_384;

/** What a chunk costs besides its bytes, so that a flood of tiny ones is bounded too. */
const CHUNK_BYTES = 128;

/** What a chunk weighs in the window, in bytes. */
export function weightOf(chunk: Chunk): number {
  return CHUNK_BYTES + (typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.byteLength);
}

/** First elements of the messages to a thread. */
export const ToThread = {
  Request: 0,
  Listening: 1,
  Status: 2,
  Stop: 3,
  Input: 4,
  InputEnd: 5,
  InputError: 6,
  Credit: 7,
  Abort: 8,
  Leave: 9,
  ReopenLogs: 10,
} as const;

export type MessageToThread =
  | readonly [type: typeof ToThread.Request, id: number, environ: PackedEnviron]
  /** Where the server listens. */
  | readonly [type: typeof ToThread.Listening, addresses: readonly Address[]]
  /** The answer to the thread's oldest question. */
  | readonly [type: typeof ToThread.Status, status: PoolStatus]
  | readonly [type: typeof ToThread.Stop]
  /** Its log files have been moved away. */
  | readonly [type: typeof ToThread.ReopenLogs]
  | RequestNews;

/** What a thread hears of the request that it has. */
export type RequestNews =
  /** The next piece of the body, which the thread has asked for. */
  | readonly [type: typeof ToThread.Input, id: number, bytes: Uint8Array]
  | readonly [type: typeof ToThread.InputEnd, id: number]
  | readonly [type: typeof ToThread.InputError, id: number, error: ErrorDescription]
  /** That much of the response was taken. */
  | readonly [type: typeof ToThread.Credit, id: number, weight: number]
  /** Aborts `postern.signal`. */
  | readonly [type: typeof ToThread.Abort, id: number, reason: ErrorDescription]
  /** Nobody wants the rest of the response. */
  | readonly [type: typeof ToThread.Leave, id: number];

/** First elements of the messages from a thread. */
export const FromThread = {
  Ready: 0,
  Status: 1,
  Errors: 2,
  Response: 3,
  Failure: 4,
  WantInput: 5,
  DropInput: 6,
} as const;

export type MessageFromThread =
  /** The script has come to its server. */
  | readonly [type: typeof FromThread.Ready, memoryBytes: number]
  /** Asks what all threads are doing. */
  | readonly [type: typeof FromThread.Status]
  /** For `wsgi.errors` of a request. */
  | readonly [type: typeof FromThread.Errors, id: number, bytes: Uint8Array]
  | AnswerMessage;

/** What a thread says of the request that it has. */
export type AnswerMessage =
  | readonly [
      type: typeof FromThread.Response,
      id: number,
      chunks: readonly Chunk[],
      /** With the first chunks or the end, or alone where it is sent early: status, and names and values of the headers. */
      head: readonly string[] | undefined,
      /** These chunks are the last. */
      ended: boolean,
      /** Set when the application has finished, so that the thread is free: its heap in bytes, 0 for no news of it. */
      finished: number | undefined,
    ]
  /** The application failed: nothing comes behind what has come. */
  | readonly [type: typeof FromThread.Failure, id: number, error: ErrorDescription]
  /** Asks for the next piece of the body. */
  | readonly [type: typeof FromThread.WantInput, id: number]
  /** The application reads no more of the body. */
  | readonly [type: typeof FromThread.DropInput, id: number];

/** An error as it travels. */
export interface ErrorDescription {
  readonly kind: "ProtocolError" | "GatewayError" | "Error";
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** As a log shows it, with its trace. */
  readonly text: string;
}

export function describeError(error: unknown): ErrorDescription {
  const text = inspect(error);
  if (!(error instanceof Error)) return { kind: "Error", name: "Error", code: "", message: text, text };
  const { name, message } = error;
  if (error instanceof ProtocolError) return { kind: "ProtocolError", name, code: error.code, message, text };
  if (error instanceof GatewayError) return { kind: "GatewayError", name, code: error.code, message, text };
  return { kind: "Error", name, code: "", message, text };
}

/** An error of the same kind, which a log shows as the first one: that this side has made it would help nobody. */
export function reviveError(description: ErrorDescription): Error {
  const error = sameKind(description);
  return Object.defineProperty(error, inspect.custom, { value: () => description.text });
}

function sameKind({ kind, name, code, message }: ErrorDescription): Error {
  if (kind === "ProtocolError") return new ProtocolError(code, message);
  if (kind === "GatewayError") return new GatewayError(code, message);
  if (name === "AbortError" || name === "TimeoutError") return new DOMException(message, name);
  return new Error(message);
}
