import { availableParallelism } from "node:os";
import { GatewayError } from "../../errors.ts";
import { durationOf } from "../../gateway/duration.ts";
import { lifetimeLimits } from "../lifetime.ts";
import { count, MOST_WORKERS } from "../limits.ts";
import type { PreforkOptions } from "../options.ts";

/** The options of a pool with their defaults; what is not limited is `Infinity`. */
export type Sizes = Readonly<Required<PreforkOptions>>;

/** Too few for a busy machine and too many for an idle one, but never without a second process to go on. */
const LEAST_CHILDREN = 2;

/**
 * @throws {GatewayError} `OPTION` when a number is none, or two contradict each other
 */
export function sizesOf(options: PreforkOptions): Sizes {
  const minSpare = count("minSpare", options.minSpare ?? 1, 0, MOST_WORKERS);
  const spare = count("maxSpare", options.maxSpare ?? Math.max(minSpare, 1), 1, MOST_WORKERS);
  const maxChildren = count(
    "maxChildren",
    options.maxChildren ?? Math.max(availableParallelism(), LEAST_CHILDREN, minSpare, spare),
    1,
    MOST_WORKERS,
  );
  const maxSpare = options.maxSpare ?? maxChildren;
  atMost("minSpare", minSpare, "maxSpare", maxSpare);
  atMost("maxSpare", maxSpare, "maxChildren", maxChildren);
  return {
    minSpare,
    maxSpare,
    maxChildren,
    ...lifetimeLimits(options),
    maxIdleMs: durationOf("maxIdleMs", options.maxIdleMs ?? 10_000),
  };
}

function atMost(name: string, value: number, other: string, most: number): void {
  if (value <= most) return;
  throw new GatewayError("OPTION", `option "${name}" is ${value}, and "${other}" only ${most}`);
}
