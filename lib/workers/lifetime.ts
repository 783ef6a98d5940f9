import { limit } from "./limits.ts";
import type { LifetimeOptions } from "./options.ts";

/** What limits a child or thread, in requests and bytes; what is not limited is `Infinity`. */
export type LifetimeLimits = Readonly<Required<LifetimeOptions>>;

/** How long a child or thread may take until it serves, in milliseconds. */
export const START_MS = 60_000;

/** Each draws its `maxRequests` from this far around it, so that they do not all leave at once. */
const JITTER = 0.1;

/** @throws {GatewayError} `OPTION` when a number is negative or none */
export function lifetimeLimits({ maxRequests = 0, maxMemoryBytes = 0 }: LifetimeOptions): LifetimeLimits {
  return {
    maxRequests: limit("maxRequests", maxRequests),
    maxMemoryBytes: limit("maxMemoryBytes", maxMemoryBytes),
  };
}

/** How long one child or thread answers before another takes its place. */
export class Lifetime {
  readonly #maxRequests: number;
  readonly #maxMemoryBytes: number;

  constructor({ maxRequests, maxMemoryBytes }: LifetimeLimits) {
    const drawn = maxRequests * (1 - JITTER + 2 * JITTER * Math.random());
    this.#maxRequests = Math.max(1, Math.round(drawn));
    this.#maxMemoryBytes = maxMemoryBytes;
  }

  /** What ends it, in words that follow "leaves"; `undefined` while it is not over. */
  over(requests: number, memoryBytes: number): string | undefined {
    if (requests >= this.#maxRequests) return `after ${requests} requests`;
    if (memoryBytes > this.#maxMemoryBytes) return `with ${memoryBytes} bytes of memory`;
    return undefined;
  }
}
