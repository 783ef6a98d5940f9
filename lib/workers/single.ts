// The worker model `single`: one process, which serves requests as they come.

import { sumOfCounters } from "../gateway/counters.ts";
import { provideStatus } from "../gateway/pool-status.ts";
import { listen } from "./listen.ts";
import { abortAll, graceOf, windDown } from "./wind-down.ts";
import type { WorkerModel } from "./workers.ts";

export const start: WorkerModel = async ({ application, protocol, counters, createServer }, options) => {
  const graceMs = graceOf(options);
  const listeners = await listen(() => createServer(application), options);
  const addresses = listeners.map((listener) => listener.address);
  const startedAt = Date.now();
  let stopping = false;
  const forget = provideStatus(() => ({
    protocol,
    model: "single",
    addresses,
    pid: process.pid,
    startedAt,
    workers: [
      {
        pid: process.pid,
        generation: 1,
        state: stopping ? "stopping" : "ready",
        startedAt,
        memoryBytes: process.memoryUsage.rss(),
        counters: counters.values(),
      },
    ],
    ended: sumOfCounters([]),
    crashes: 0,
  }));
  return {
    addresses,
    async stop() {
      stopping = true;
      await windDown(listeners, graceMs);
      forget();
    },
    stopNow: () => abortAll(listeners, "the server stops at once"),
  };
};
