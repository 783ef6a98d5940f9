import { GatewayError } from "../errors.ts";

/**
 * Threads or processes of one server. Each takes 10 MB at the least, of a machine that has some hundred processors at the
 * most: a greater number is a mistake, and would take all its memory before anybody could read of it.
 */
export const MOST_WORKERS = 1_024;

/** @throws {GatewayError} `OPTION` when it is no whole number from `least` to `most` */
export function count(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new GatewayError(
    "OPTION",
    `option "${name}" is ${value}; give a whole number from ${least} to ${most}`,
  );
}

/**
 * 0 is no limit, which is `Infinity`.
 *
 * @throws {GatewayError} `OPTION` when it is negative or no number
 */
export function limit(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value === 0 ? Number.POSITIVE_INFINITY : value;
  throw new GatewayError("OPTION", `option "${name}" is ${value}; give a number, or 0 for no limit`);
}
