// The worker model `single`: one process, which serves requests as they come.

import { GatewayError } from "../errors.ts";
import { sumOfCounters } from "../gateway/counters.ts";
import { durationOf } from "../gateway/duration.ts";
import { provideStatus } from "../gateway/pool-status.ts";
import { listen } from "./listen.ts";
import { DEFAULT_GRACE_MS } from "./options.ts";
import type { WorkerModel } from "./workers.ts";

export const start: WorkerModel = async ({ application, protocol, counters, createServer }, options) => {
  const graceMs = durationOf("shutdownGraceMs", options.shutdownGraceMs ?? DEFAULT_GRACE_MS);
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
  const abort = (reason: string): void => {
    for (const listener of listeners) listener.abort(new GatewayError("SHUTDOWN", reason));
  };
  return {
    addresses,
    async stop() {
      stopping = true;
      const giveUp = (): void => abort("the server stops and could not wait any longer");
      const deadline = graceMs > 0 ? setTimeout(giveUp, graceMs) : undefined;
      await Promise.all(listeners.map((listener) => listener.drain()));
      clearTimeout(deadline);
      forget();
    },
    stopNow: () => abort("the server stops at once"),
  };
};
