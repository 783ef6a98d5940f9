// What a loader's web server says of the client, whose connection ends there.

import { isIP } from "node:net";
import { plainAddress } from "../gateway/plain-address.ts";
import type { Environ } from "../gateway/types.ts";
import { addVariable } from "../gateway/variables.ts";

/** Begins the names of headers that Passenger answers with 400 when a client sends them. */
const SECURE = "!~";

/** Whether a header is between Passenger and the application, and none of the client's. */
export function isPassengerHeader(name: string): boolean {
  return name.startsWith(SECURE);
}

/**
 * REMOTE_ADDR and HTTPS, and the variables that were set in the web server's configuration, such as with Apache's SetEnv.
 * `X-Forwarded-For` and `X-Forwarded-Proto` are no source: a client's own come first in them, or alone.
 */
export function addPassengerVariables(environ: Environ, raw: readonly string[]): void {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!isPassengerHeader(name)) continue;
    const value = raw[index + 1] as string;
    switch (name.slice(SECURE.length).toLowerCase()) {
      case "passenger-client-address":
        environ.REMOTE_ADDR = plainAddress(value);
        break;
      case "passenger-proto":
        if (value === "https") environ.HTTPS = "on";
        break;
      case "passenger-envvars":
        addConfigured(environ, value);
        break;
    }
  }
}

/** Names and values in turn, each with a NUL behind it, in base64. What the request itself says stays. */
function addConfigured(environ: Environ, encoded: string): void {
  const fields = Buffer.from(encoded, "base64").toString("latin1").split("\0");
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] as string;
    if (environ[name] === undefined) addVariable(environ, name, fields[index + 1] as string);
  }
}

/**
 * REMOTE_ADDR, which LiteSpeed puts behind what the client sent as `X-Forwarded-For`, and HTTPS. LiteSpeed names no scheme
 * but https, so a client without TLS that says `X-Forwarded-Proto: https` is believed; it only misleads itself.
 */
export function addLiteSpeedVariables(environ: Environ, raw: readonly string[]): void {
  const address = lastOf(raw, "x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  if (isIP(address) !== 0) environ.REMOTE_ADDR = plainAddress(address);
  if (lastOf(raw, "x-forwarded-proto") === "https") environ.HTTPS = "on";
}

function lastOf(raw: readonly string[], wanted: string): string | undefined {
  for (let index = raw.length - 2; index >= 0; index -= 2) {
    if (raw[index]?.toLowerCase() === wanted) return raw[index + 1];
  }
  return undefined;
}
