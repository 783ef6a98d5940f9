// What a server counts while it works: plain numbers that cost an addition each, read by whoever asks for the status.

import { performance } from "node:perf_hooks";

/** Upper ends of the latency histogram's buckets, in milliseconds; one more bucket takes what is slower. */
export const LATENCY_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

/** The counts at one moment, as they travel between processes. */
export interface CounterValues {
  /** Connections that were taken: accepted, or handed over by a process that stops, which has counted them too. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  /**
   * Connections and requests that were refused: over a limit, from a peer that may not speak, or malformed. No
   * application was called for such a request, nor was one at work on such a connection.
   */
  readonly refused: number;
  /** Requests whose application has not finished. */
  readonly active: number;
  /** The most of them at once, so far. */
  readonly maxActive: number;
  /** Requests that an application was called for. */
  readonly requests: number;
  /**
   * Requests whose application failed or took too long: the client got a 5xx of the server's, or a cut response. A
   * client that goes away or breaks off is no error, and neither is a 5xx that the application answers with.
   */
  readonly errors: number;
  /** Bytes as they came over the sockets, those of open connections too. */
  readonly bytesReceived: number;
  /** Bytes as they went over the sockets; of a connection that breaks with what was on its way. */
  readonly bytesSent: number;
  /**
   * Requests that have finished, by how long their application took to the end of its body: a count for each of
   * {@link LATENCY_MS}, and one for the rest.
   */
  readonly latency: readonly number[];
  /** All those times together, in milliseconds. */
  readonly latencySumMs: number;
}

/** What is counted of a connection; a socket of Node. */
interface Connection {
  readonly bytesRead: number;
  /** With those that are still waiting in this process, `writableLength`. */
  readonly bytesWritten: number;
  readonly writableLength: number;
}

/** The counts of one server, whatever its addresses. */
export class Counters {
  accepted = 0;
  refused = 0;
  active = 0;
  requests = 0;
  errors = 0;
  #maxActive = 0;
  readonly #latency: number[] = emptyHistogram();
  #latencySumMs = 0;
  readonly #open = new Set<Connection>();
  /** Of connections that have closed. */
  #bytesReceived = 0;
  #bytesSent = 0;

  /** A connection is taken; its bytes are asked for when somebody wants to know them, and when it has closed. */
  accept(connection: Connection): void {
    this.accepted++;
    this.#open.add(connection);
  }

  /** A connection that was taken has closed. */
  leave(connection: Connection): void {
    this.#open.delete(connection);
    this.#bytesReceived += connection.bytesRead;
    this.#bytesSent += sentBytes(connection);
  }

  /** An application is called; gives what {@link end} wants back. */
  begin(): number {
    this.requests++;
    if (++this.active > this.#maxActive) this.#maxActive = this.active;
    return performance.now();
  }

  /** It has finished. */
  end(began: number): void {
    this.active--;
    const took = performance.now() - began;
    this.#latencySumMs += took;
    let bucket = 0;
    while (bucket < LATENCY_MS.length && took > (LATENCY_MS[bucket] as number)) bucket++;
    this.#latency[bucket] = (this.#latency[bucket] as number) + 1;
  }

  /** What they are now. */
  values(): CounterValues {
    let bytesReceived = this.#bytesReceived;
    let bytesSent = this.#bytesSent;
    for (const connection of this.#open) {
      bytesReceived += connection.bytesRead;
      bytesSent += sentBytes(connection);
    }
    return {
      accepted: this.accepted,
      open: this.#open.size,
      refused: this.refused,
      active: this.active,
      maxActive: this.#maxActive,
      requests: this.requests,
      errors: this.errors,
      bytesReceived,
      bytesSent,
      latency: [...this.#latency],
      latencySumMs: this.#latencySumMs,
    };
  }
}

/** The counts of several servers together; `maxActive` is the most that one of them had at once. */
export function sumOfCounters(counts: Iterable<CounterValues>): CounterValues {
  const sum = { ...new Counters().values(), latency: emptyHistogram() };
  for (const one of counts) {
    sum.accepted += one.accepted;
    sum.open += one.open;
    sum.refused += one.refused;
    sum.active += one.active;
    sum.maxActive = Math.max(sum.maxActive, one.maxActive);
    sum.requests += one.requests;
    sum.errors += one.errors;
    sum.bytesReceived += one.bytesReceived;
    sum.bytesSent += one.bytesSent;
    for (const [bucket, count] of one.latency.entries())
      sum.latency[bucket] = (sum.latency[bucket] ?? 0) + count;
    sum.latencySumMs += one.latencySumMs;
  }
  return sum;
}

function emptyHistogram(): number[] {
  return new Array(LATENCY_MS.length + 1).fill(0);
}

/** Without what is lost when the connection breaks: a count that shrinks looks like a server that began anew. */
function sentBytes(connection: Connection): number {
  return connection.bytesWritten - connection.writableLength;
}
