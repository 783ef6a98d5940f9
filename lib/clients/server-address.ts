import { GatewayError } from "../errors.ts";
import type { Address } from "../gateway/protocol-server.ts";

/** A unix socket's path (contains `/`), a port of this machine, `"host:port"`, or host and port. */
export type ServerAddress = string | number | { readonly host: string; readonly port: number };

const LOOPBACK = "127.0.0.1";
/** sockaddr_un of Linux, without its NUL. The system would cut a longer path, and connect to something else. */
const MAX_PATH_BYTES = 107;

/** A browser's `http://` and nginx's `unix:/run/app.sock` have slashes, and are no paths. */
const URL_BEGIN = /^(?:unix:|[a-z][a-z0-9+.-]*:\/\/)/i;

/**
 * The long form of `"/run/php/php-fpm.sock"`, `9000`, `"9000"`, `"backend:9000"` or `"[::1]:9000"`.
 *
 * @throws {GatewayError} `ADDRESS` when it is none of these
 */
export function parseServerAddress(address: ServerAddress): Address {
  if (typeof address === "string" && URL_BEGIN.test(address)) throw noAddress(address);
  if (typeof address === "string" && address.includes("/")) {
    if (Buffer.byteLength(address) <= MAX_PATH_BYTES) return { path: address };
    throw new GatewayError(
      "ADDRESS",
      `option "address" is a path of more than ${MAX_PATH_BYTES} bytes, which no unix socket can have`,
    );
  }
  const { host, port } = typeof address === "object" ? address : splitAddress(String(address));
  if (typeof host === "string" && host !== "" && Number.isInteger(port) && port > 0 && port <= 65_535)
    return { host, port };
  throw noAddress(address);
}

function noAddress(address: ServerAddress): GatewayError {
  return new GatewayError(
    "ADDRESS",
    `option "address" is ${JSON.stringify(address)}; give a path that contains "/", a port, or "host:port"`,
  );
}

function splitAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  return { host: host?.replace(/^\[(.*)\]$/, "$1") ?? LOOPBACK, port: Number(port) };
}
