import { GatewayError } from "../errors.ts";

/** Node's timers end here, and take a longer time for one millisecond. */
export const LONGEST_MS = 0x7fffffff;

/**
 * A duration of an option as a timer takes it: `Infinity`, and whatever is longer than a timer can be, is 0, which is
 * no limit.
 *
 * @throws {GatewayError} `OPTION` when it is negative or no number
 */
export function durationOf(name: string, milliseconds: number): number {
  if (typeof milliseconds === "number" && milliseconds >= 0)
    return milliseconds > LONGEST_MS ? 0 : milliseconds;
  throw new GatewayError(
    "OPTION",
    `option "${name}" is ${milliseconds}; give milliseconds, or 0 for no limit`,
  );
}
