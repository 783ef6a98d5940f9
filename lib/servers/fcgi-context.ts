import type { EnvironOptions } from "../gateway/environ.ts";
import type { Log } from "../gateway/log.ts";
import type { Application } from "../gateway/types.ts";
import type { FcgiConnection } from "./fcgi-connection.ts";

/** What the connections of one FastCGI server share: its options with their defaults, and its counts. */
export interface FcgiContext {
  readonly application: Application;
  readonly log: Log;
  /** Requests whose application has not finished. */
  active: number;
  /** The server is stopping: a connection closes after its request in progress. */
  draining: boolean;
  readonly multiplexed: boolean;
  readonly maxMultiplexed: number;
  readonly responder: boolean;
  readonly authorizer: boolean;
  readonly maxParamsBytes: number;
  readonly maxBodyBytes: number;
  readonly maxConcurrent: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly copyErrors: boolean;
  readonly debug: boolean;
  readonly multiprocess: boolean;
  readonly environ: EnvironOptions;
  onClose(connection: FcgiConnection): void;
}
