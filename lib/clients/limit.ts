import { GatewayError } from "../errors.ts";

/**
 * A number of connections, requests or bytes, of which `Infinity` is no limit.
 *
 * @throws {GatewayError} `OPTION` when it is no number, or below `least`
 */
export function limitOf(name: string, limit: number, least = 0): number {
  if (typeof limit === "number" && limit >= least) return limit;
  throw new GatewayError(
    "OPTION",
    `option "${name}" is ${limit}; give a number from ${least} on, or Infinity`,
  );
}

/**
 * A time in milliseconds, of which 0 is no limit: that becomes `Infinity`.
 *
 * @throws {GatewayError} `OPTION` when it is negative or no number
 */
export function timeOf(name: string, milliseconds: number): number {
  return limitOf(name, milliseconds) || Number.POSITIVE_INFINITY;
}
