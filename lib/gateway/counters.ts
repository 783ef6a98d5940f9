// What a server counts while it works: plain numbers that cost an addition each, read by whoever asks for the status.

/** Upper ends of the latency histogram's buckets, in milliseconds; one more bucket takes what is slower. */
export const LATENCY_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

/** The counts at one moment, as they travel between processes. */
export interface CounterValues {
  readonly accepted: number;
  readonly active: number;
  readonly requests: number;
  readonly errors: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly latency: readonly number[];
  readonly latencySumMs: number;
}

/** The counts of one server, whatever its addresses. All but `active` only grow. */
export class Counters implements CounterValues {
  /** Connections that were accepted. */
  accepted = 0;
  /** Requests whose application has not finished. */
  active = 0;
  /** Requests that an application was called for. */
  requests = 0;
  /** Requests whose application failed or took too long: the client got a 5xx of the server's, or a cut response. */
  errors = 0;
  /** Bytes of connections that have closed, as they went over the socket. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Requests by how long their application took: a count for each of {@link LATENCY_MS}, and one for the rest. */
  readonly latency: number[] = new Array(LATENCY_MS.length + 1).fill(0);
  /** All those times together, in milliseconds. */
  latencySumMs = 0;

  /** An application is called; gives what {@link end} wants back. */
  begin(): number {
    this.active++;
    this.requests++;
    return performance.now();
  }

  /** It has finished. */
  end(began: number): void {
    this.active--;
    const took = performance.now() - began;
    this.latencySumMs += took;
    let bucket = 0;
    while (bucket < LATENCY_MS.length && took > (LATENCY_MS[bucket] as number)) bucket++;
    this.latency[bucket] = (this.latency[bucket] as number) + 1;
  }
}
