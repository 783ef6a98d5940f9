import { GatewayError } from "../errors.ts";

/**
 * A limit of an option, of which `Infinity` is none. Past anything else that is no number nothing would ever be.
 *
 * @throws {GatewayError} `OPTION` when it is no number, or below `least`
 */
export function limitOf(name: string, limit: number, least = 1): number {
  if (typeof limit === "number" && limit >= least) return limit;
  throw new GatewayError(
    "OPTION",
    `option "${name}" is ${limit}; give a number from ${least} on, or Infinity`,
  );
}
