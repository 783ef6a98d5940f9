// Prometheus's text format, version 0.0.4: a line of HELP and one of TYPE, then the samples, for each metric in turn.

import { type CounterValues, LATENCY_MS } from "../../gateway/counters.ts";
import { type PoolStatus, totalsOf, type WorkerStatus } from "../../gateway/pool-status.ts";
import { formatAddress } from "../../gateway/protocol-server.ts";
import { finishedRequests } from "./latency.ts";

type Labels = Readonly<Record<string, string | number | undefined>>;

/** `suffix` is what a histogram's samples have behind its name. */
type Sample = readonly [labels: Labels, value: number, suffix?: string];

type MetricType = "counter" | "gauge" | "histogram";

/** A metric that has one sample for each pool or worker, none where that cannot tell. */
type Row<Of> = readonly [name: string, type: MetricType, help: string, value: (of: Of) => number | undefined];

interface LabelledPool extends PoolStatus {
  readonly labels: Labels;
  readonly total: CounterValues;
}

const OF_POOLS: readonly Row<LabelledPool>[] = [
  ["start_time_seconds", "gauge", "When the pool started, since 1970.", (pool) => pool.startedAt / 1000],
  [
    "worker_crashes_total",
    "counter",
    "Workers that ended without having been told to.",
    (pool) => pool.crashes,
  ],
  ["requests_waiting", "gauge", "Requests that wait for a worker.", (pool) => pool.waiting],
  [
    "connections_accepted_total",
    "counter",
    "Connections that were taken; one that a reload hands over counts again.",
    ({ total }) => total.accepted,
  ],
  ["connections_open", "gauge", "Connections that are open now.", ({ total }) => total.open],
  ["refused_total", "counter", "Connections and requests that were refused.", ({ total }) => total.refused],
  [
    "requests_total",
    "counter",
    "Requests that the application was called for.",
    ({ total }) => total.requests,
  ],
  [
    "request_errors_total",
    "counter",
    "Requests whose application failed or took too long.",
    ({ total }) => total.errors,
  ],
  ["requests_active", "gauge", "Requests whose application has not finished.", ({ total }) => total.active],
  [
    "requests_active_max",
    "gauge",
    "The most of them at once in one worker, so far.",
    ({ total }) => total.maxActive,
  ],
  [
    "received_bytes_total",
    "counter",
    "Bytes that came over the connections.",
    ({ total }) => total.bytesReceived,
  ],
  ["sent_bytes_total", "counter", "Bytes that went over the connections.", ({ total }) => total.bytesSent],
];

const OF_WORKERS: readonly Row<WorkerStatus>[] = [
  [
    "worker_start_time_seconds",
    "gauge",
    "When the worker started, since 1970.",
    (worker) => worker.startedAt / 1000,
  ],
  [
    "worker_generation",
    "gauge",
    "How often the application had been loaded anew when the worker started.",
    (worker) => worker.generation,
  ],
  [
    "worker_memory_bytes",
    "gauge",
    "Memory of the worker in RAM; of a thread its heap alone.",
    (worker) => worker.memoryBytes,
  ],
  [
    "worker_requests_total",
    "counter",
    "Requests that the worker called the application for.",
    ({ counters }) => counters.requests,
  ],
  [
    "worker_request_errors_total",
    "counter",
    "Requests of the worker whose application failed or took too long.",
    ({ counters }) => counters.errors,
  ],
  [
    "worker_requests_active",
    "gauge",
    "Requests of the worker whose application has not finished.",
    ({ counters }) => counters.active,
  ],
];

const STATES: readonly WorkerStatus["state"][] = ["starting", "ready", "stopping"];

/** For Prometheus; `docs/status.md` lists the metrics. */
export function statusMetrics(status: readonly PoolStatus[]): string {
  const pools: LabelledPool[] = status.map((pool) => ({
    ...pool,
    labels: { pool: pool.addresses.map(formatAddress).join(",") },
    total: totalsOf(pool),
  }));
  const info = pools.map(
    ({ labels, protocol, model, pid }): Sample => [{ ...labels, protocol, model, pid }, 1],
  );
  const latency = pools.flatMap(({ total, labels }) => histogram(total, labels));
  return [
    metric("pool_info", "gauge", "Always 1; the labels say what the pool is.", info),
    ...OF_POOLS.map(([name, type, help, value]) => {
      return metric(
        name,
        type,
        help,
        pools.flatMap((pool) => sample(pool.labels, value(pool))),
      );
    }),
    metric("request_duration_seconds", "histogram", "How long the application took, with its body.", latency),
    metric("workers", "gauge", "Processes or threads that answer requests.", pools.flatMap(workersByState)),
    ...OF_WORKERS.map(([name, type, help, value]) => {
      const samples = pools.flatMap(({ workers, labels }) =>
        workers.flatMap((worker) => {
          return sample({ ...labels, pid: worker.pid, thread: worker.thread }, value(worker));
        }),
      );
      return metric(name, type, help, samples);
    }),
  ].join("");
}

function sample(labels: Labels, value: number | undefined): Sample[] {
  return value === undefined ? [] : [[labels, value]];
}

function workersByState({ workers, labels }: LabelledPool): Sample[] {
  return STATES.map((state) => [
    { ...labels, state },
    workers.filter((worker) => worker.state === state).length,
  ]);
}

/** Each bucket counts those below it too, and the last one all. */
function histogram(total: CounterValues, labels: Labels): Sample[] {
  let below = 0;
  const buckets = total.latency.map((count, bucket): Sample => {
    const bound = LATENCY_MS[bucket];
    below += count;
    return [{ ...labels, le: bound === undefined ? "+Inf" : bound / 1000 }, below, "_bucket"];
  });
  return [
    ...buckets,
    [labels, total.latencySumMs / 1000, "_sum"],
    [labels, finishedRequests(total), "_count"],
  ];
}

/** Nothing at all where there are no samples. */
function metric(name: string, type: MetricType, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const full = `postern_${name}`;
  const lines = samples.map(
    ([labels, value, suffix = ""]) => `${full}${suffix}${labelText(labels)} ${value}\n`,
  );
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${escaped(String(value))}"`],
  );
  return `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
