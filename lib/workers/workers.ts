import type { Counters } from "../gateway/counters.ts";
import type { Logs } from "../gateway/log-file.ts";
import type { Address, ProtocolServer } from "../gateway/protocol-server.ts";
import type { Application } from "../gateway/types.ts";
import type { WorkerOptions } from "./options.ts";
import type { Role } from "./process-title.ts";

/** Servers that have been started in one worker model or another. */
export interface Workers {
  readonly addresses: readonly Address[];
  /** What this process is, where there are several: its title says so. */
  readonly role?: Role;
  /** Stops accepting and resolves when what was in progress has finished, at the latest after `shutdownGraceMs`. */
  stop(): Promise<void>;
  /** Gives up what is in progress. */
  stopNow(): void;
  /**
   * Replaces the workers, one by one, by such as have loaded the application anew; resolves when that is done or has
   * failed, and logs which. Left out where this process is the only worker: it has to end and be started again.
   */
  reload?(): Promise<void>;
  /** Resolves when somebody else than this process has decided that they end: the pool that a process or thread belongs to. */
  readonly told?: Promise<void>;
  /**
   * Tells the workers to open their log files anew, with `reopenLogFiles()`; this process, or this thread, has done so.
   * Left out where it is the only one.
   */
  reopenLogs?(): void;
}

/** What a worker model has to serve. */
export interface WorkerJob extends Logs {
  readonly application: Application;
  /** Its name in the table of protocols. */
  readonly protocol: string;
  /**
   * Which of the servers that the script starts, in the order of their starts; the first is 1. It is
   * the same in each thread or process that runs the script.
   */
  readonly server: number;
  /** Counts what the servers made below do. */
  readonly counters: Counters;
  /** Aborted when the start is to be given up: what has begun ends, and the start fails. */
  readonly stopping: AbortSignal;
  /** How long the application may take for one request, in milliseconds; 0 is no limit. */
  readonly requestTimeoutMs: number;
  /** A server for an application: the one above, or one that a worker model puts in its place. */
  createServer(application: Application): ProtocolServer;
}

/** A worker model decides who makes the servers and on which handles they listen. */
export type WorkerModel = (job: WorkerJob, options: WorkerOptions) => Promise<Workers>;
