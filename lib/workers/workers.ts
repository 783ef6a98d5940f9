import type { ProtocolServer } from "../gateway/protocol-server.ts";
import type { Address, WorkerOptions } from "./options.ts";

/** Servers that have been started in one worker model or another. */
export interface Workers {
  readonly addresses: readonly Address[];
  /** Stops accepting and resolves when what was in progress has finished, at the latest after `shutdownGraceMs`. */
  stop(): Promise<void>;
  /** Gives up what is in progress. */
  stopNow(): void;
}

/** A worker model decides who makes the servers and on which handles they listen. */
export type WorkerModel = (create: () => ProtocolServer, options: WorkerOptions) => Promise<Workers>;
