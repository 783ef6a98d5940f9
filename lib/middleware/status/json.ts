import { type CounterValues, LATENCY_MS } from "../../gateway/counters.ts";
import { type PoolStatus, totalsOf } from "../../gateway/pool-status.ts";
import { formatAddress } from "../../gateway/protocol-server.ts";

/** For programs; `docs/status.md` lists the members. */
export function statusJson(pools: readonly PoolStatus[], now: number): string {
  const since = (startedAt: number): object => ({
    startedAt: new Date(startedAt).toISOString(),
    uptimeSeconds: Math.floor((now - startedAt) / 1000),
  });
  const status = {
    time: new Date(now).toISOString(),
    pools: pools.map(({ protocol, model, addresses, pid, startedAt, crashes, waiting, ...pool }) => ({
      protocol,
      model,
      addresses: addresses.map(formatAddress),
      pid,
      ...since(startedAt),
      crashes,
      waiting,
      total: numbersOf(totalsOf(pool)),
      workers: pool.workers.map((worker) => ({
        pid: worker.pid,
        thread: worker.thread,
        generation: worker.generation,
        state: worker.state,
        ...since(worker.startedAt),
        memoryBytes: worker.memoryBytes,
        ...numbersOf(worker.counters),
      })),
    })),
  };
  return `${JSON.stringify(status, undefined, 2)}\n`;
}

function numbersOf({ latency, latencySumMs, ...numbers }: CounterValues): object {
  return {
    ...numbers,
    latency: {
      sumMs: latencySumMs,
      // The last has no upper end.
      buckets: latency.map((count, bucket) => ({ upToMs: LATENCY_MS[bucket] ?? null, count })),
    },
  };
}
