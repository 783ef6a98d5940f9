import { type CounterValues, LATENCY_MS } from "../../gateway/counters.ts";

/** Requests whose application has finished. */
export function finishedRequests({ latency }: CounterValues): number {
  return latency.reduce((sum, count) => sum + count, 0);
}

/** Milliseconds; undefined where nothing has finished yet. */
export function meanLatency(counters: CounterValues): number | undefined {
  const finished = finishedRequests(counters);
  return finished === 0 ? undefined : counters.latencySumMs / finished;
}

/**
 * Milliseconds that the given share of the requests did not exceed, as well as the histogram can tell: the upper end of
 * the bucket in which that request is. Infinity past the last bound; undefined where nothing has finished yet.
 */
export function latencyQuantile(counters: CounterValues, share: number): number | undefined {
  let rest = Math.ceil(finishedRequests(counters) * share);
  if (rest === 0) return undefined;
  for (const [bucket, count] of counters.latency.entries()) {
    rest -= count;
    if (rest <= 0) return LATENCY_MS[bucket] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}
