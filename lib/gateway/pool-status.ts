// What the workers of this process, or of the pool that it belongs to, are doing: asked for by the status page, told by
// whoever runs the workers.

import { type CounterValues, sumOfCounters } from "./counters.ts";
import type { Address } from "./protocol-server.ts";

/** One process or thread that answers requests. */
export interface WorkerStatus {
  readonly pid: number;
  /** Node's number of the thread, where the worker is one. */
  readonly thread?: number;
  /** How often the application had been loaded anew when this worker started; 1 at first. */
  readonly generation: number;
  readonly state: "starting" | "ready" | "stopping";
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Memory in RAM; of a thread its heap alone. */
  readonly memoryBytes: number;
  readonly counters: CounterValues;
}

/** Everything that serves one application. */
export interface PoolStatus {
  readonly protocol: string;
  readonly model: string;
  readonly addresses: readonly Address[];
  readonly pid: number;
  readonly startedAt: number;
  readonly workers: readonly WorkerStatus[];
  /** What workers that have ended had counted. */
  readonly ended: CounterValues;
  /** Workers that ended without having been told to. */
  readonly crashes: number;
  /** Requests that wait for a worker, where the pool hands them out itself. */
  readonly waiting?: number;
}

/** What the pool has counted since it started: its workers and those that have ended. */
export function totalsOf({ workers, ended }: Pick<PoolStatus, "workers" | "ended">): CounterValues {
  return sumOfCounters([ended, ...workers.map((worker) => worker.counters)]);
}

type Source = () => PoolStatus | Promise<PoolStatus>;

const sources = new Set<Source>();

/** Tells what runs here from now on, until the function that it gives is called. */
export function provideStatus(source: Source): () => void {
  sources.add(source);
  return () => sources.delete(source);
}

/** Every pool that this process runs or belongs to; empty outside of a server. */
export function poolStatus(): Promise<PoolStatus[]> {
  return Promise.all([...sources].map((source) => source()));
}
