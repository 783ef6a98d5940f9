import { GatewayError } from "../errors.ts";
import { type Address, formatAddress } from "../gateway/protocol-server.ts";
import type { BindAddress } from "./options.ts";

/** Where a bare port listens: this machine alone. */
const LOOPBACK = "127.0.0.1";

/**
 * A bind address in its long form: `"/run/app.sock"`, `9000`, `"9000"`, `"127.0.0.1:9000"`, `"[::1]:9000"`, or `"*:9000"`
 * for all interfaces.
 *
 * @throws {GatewayError} `BIND_ADDRESS` when it is none of these
 */
export function parseBindAddress(address: BindAddress): Address {
  if (typeof address === "object" && address !== null) return hostAndPort(address);
  if (typeof address === "number") return { host: LOOPBACK, port: checkPort(address, address) };
  if (typeof address !== "string") throw noAddress(address);
  refuseUrl(address);
  if (address.includes("/")) return { path: address };
  const [, host = "", port = ""] = /^(?:(.*):)?(\d+)$/.exec(address) ?? [];
  const name = host.replace(/^\[(.*)\]$/, "$1") || LOOPBACK;
  return {
    host: name === "*" ? "::" : name,
    port: checkPort(port === "" ? Number.NaN : Number(port), address),
  };
}

/** nginx's `unix:/run/app.sock`, gunicorn's `tcp://` and a browser's `http://` have slashes, and are no paths. */
function refuseUrl(address: string): void {
  const [, slashes, rest = ""] = /^(?:unix:|[a-z][a-z0-9+.-]*:(\/\/))(.*)$/is.exec(address) ?? [];
  if (rest === "") return;
  const isPath = slashes === undefined || rest.startsWith("/");
  const place = isPath ? rest.replace(/^\/+/, "/") : rest.replace(/[/?#].*$/s, "").replace(/^.*@/s, "");
  const meant = isPath || /:\d+$/.test(place) ? place : `${place}:9000`;
  throw new GatewayError(
    "BIND_ADDRESS",
    `${JSON.stringify(address)} is a URL and no address to listen on; give ${JSON.stringify(meant)}`,
  );
}

/** Without a host Node would listen on all interfaces. */
function hostAndPort(address: { readonly host: string; readonly port: number }): Address {
  const { host, port } = address;
  if (typeof host !== "string" || host === "") throw noAddress(address);
  return { host, port: checkPort(port, formatAddress(address)) };
}

function checkPort(port: number, given: string | number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw noAddress(given);
}

function noAddress(given: unknown): GatewayError {
  return new GatewayError(
    "BIND_ADDRESS",
    `${JSON.stringify(given)} is no address to listen on; give a path that contains "/", a port, or "host:port"`,
  );
}
