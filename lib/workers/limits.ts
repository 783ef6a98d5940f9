import { GatewayError } from "../errors.ts";

/** @throws {GatewayError} `OPTION` when it is no whole number, or less than `least` */
export function count(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new GatewayError("OPTION", `option "${name}" is ${value}; give a whole number from ${least} on`);
}

/**
 * 0 is no limit, which is `Infinity`.
 *
 * @throws {GatewayError} `OPTION` when it is negative or no number
 */
export function limit(name: string, value: number): number {
  if (value >= 0) return value === 0 ? Number.POSITIVE_INFINITY : value;
  throw new GatewayError("OPTION", `option "${name}" is ${value}; give a number, or 0 for no limit`);
}
