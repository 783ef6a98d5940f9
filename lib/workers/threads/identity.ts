// Which servers a script starts, and which of them a thread is there for: a thread runs the same script again, and has to
// find the server whose pool it belongs to among all those that the script reaches.

import type { MessagePort, WorkerOptions } from "node:worker_threads";
import { THREAD_VARIABLE } from "../../gateway/pool-thread.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import { startFolder } from "../assignment.ts";

/** What a pool tells a thread when it starts it. */
export interface ThreadIdentity {
  /** Which of the script's servers the thread is there for, by its number. */
  readonly server: number;
  /** Where the servers listen that had been started by then. */
  readonly addresses: ReadonlyMap<number, readonly Address[]>;
  /** Where the process was started, which it may have left: a thread has no folder of its own. */
  readonly folder: string | undefined;
  /** To the pool. */
  readonly port: MessagePort;
}

/** What this thread is; undefined in the main thread, and in threads that are not a pool's. */
export const identity: ThreadIdentity | undefined =
  process.env[THREAD_VARIABLE] === undefined
    ? undefined
    : process.getBuiltinModule("node:worker_threads").workerData?.postern;

/** What a thread has to be started with to be this one. */
export function startedAs(
  own: Omit<ThreadIdentity, "folder">,
): Pick<WorkerOptions, "env" | "workerData" | "transferList"> {
  return {
    env: { ...process.env, [THREAD_VARIABLE]: "1" },
    workerData: { postern: { ...own, folder: startFolder } },
    transferList: [own.port],
  };
}

/** Where the servers of this process listen, by their numbers. */
export const serverAddresses = new Map<number, readonly Address[]>();
