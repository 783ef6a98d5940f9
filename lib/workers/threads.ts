// The worker model `threads`: one process, whose application is a pool of threads. Servers and connections are in the main
// thread; each request runs in a thread that has no other.

import { availableParallelism } from "node:os";
import { type PoolStatus, provideStatus } from "../gateway/pool-status.ts";
import { lifetimeLimits, START_MS } from "./lifetime.ts";
import { count, MOST_WORKERS } from "./limits.ts";
import { type Listener, listen } from "./listen.ts";
import { ThreadPool } from "./threads/pool.ts";
import { abortAll, graceOf, windDown } from "./wind-down.ts";
import type { WorkerModel } from "./workers.ts";

export const start: WorkerModel = async (job, options) => {
  const { protocol, counters, log, writeErrors, requestTimeoutMs } = job;
  const graceMs = graceOf(options);
  const sizes = {
    maxThreads: count(
      "maxThreads",
      options.maxThreads ?? Math.max(2, availableParallelism()),
      1,
      MOST_WORKERS,
    ),
    lifetime: lifetimeLimits(options),
  };
  const startedAt = Date.now();
  let listeners: Listener[] = [];
  const status = async (): Promise<PoolStatus> => {
    // Connections are the main thread's, whichever threads answer what comes on them; so are requests that wait for one.
    const { accepted, open, refused, maxActive, bytesReceived, bytesSent } = counters.values();
    return {
      protocol,
      model: "threads",
      addresses: listeners.map((listener) => listener.address),
      pid: process.pid,
      startedAt,
      workers: pool.workers,
      ended: { ...pool.ended, accepted, open, refused, maxActive, bytesReceived, bytesSent },
      crashes: pool.crashes,
      waiting: pool.waiting,
    };
  };
  const { server } = job;
  const pool = new ThreadPool({
    server,
    ...sizes,
    startMs: START_MS,
    requestTimeoutMs,
    log,
    writeErrors,
    status,
  });
  const giveUp = (): void => pool.terminate();
  job.stopping.addEventListener("abort", giveUp);
  await pool.start();
  job.stopping.removeEventListener("abort", giveUp);
  try {
    listeners = await listen(() => job.createServer(pool.application), options);
  } catch (error) {
    pool.terminate();
    throw error;
  }
  const addresses = listeners.map((listener) => listener.address);
  pool.announce(addresses);
  const forget = provideStatus(status);
  return {
    addresses,
    async stop() {
      pool.stop(await windDown(listeners, graceMs));
      forget();
    },
    stopNow() {
      abortAll(listeners, "the server stops at once");
      pool.terminate();
    },
    reload: () => pool.reload(),
    reopenLogs: () => pool.reopenLogs(),
  };
};
