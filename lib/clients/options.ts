// Options of every client. Those of one protocol alone are declared in its own file.

import type { Environ } from "../gateway/types.ts";
import { limitOf, timeOf } from "./limit.ts";
import type { ServerAddress } from "./server-address.ts";

/** Variables to send, over those of the request: the same for all, or made for each. */
export type ExtraVariables =
  | Readonly<Record<string, string>>
  | ((environ: Environ) => Readonly<Record<string, string>>);

export interface ClientOptions {
  /**
   * Where the server listens: a unix socket's path (contains `/`), a port of this machine, `"host:port"`, or host and
   * port. A server of FastCGI or SCGI believes whoever connects: over an open network use a tunnel.
   */
  address: ServerAddress;

  /**
   * Which variables of a request are sent. Those of the gateway itself (`wsgi.*`, `postern.*`), all that are no strings, and
   * `HTTP_PROXY` never are, whatever is said here. A filter that lets more pass than the default should name what it lets
   * pass: other variables of a web server may mean something to the other side, as `PHP_VALUE` does to PHP.
   *
   * @defaultValue those of RFC 3875, and what begins with `HTTP_`, `SERVER_`, `REQUEST_` or `REMOTE_`
   */
  filter?: (name: string, value: string) => boolean;

  /**
   * Variables to send besides, which replace the request's.
   *
   * @defaultValue none
   */
  environ?: ExtraVariables;

  /**
   * Connections that are open at once, from this process. Each takes one request at a time; those that find none free
   * wait. With several processes the server sees as many times this number.
   *
   * @defaultValue `100`
   */
  maxConnections?: number;

  /**
   * Requests that may wait for a connection. Past it the answer is 503.
   *
   * @defaultValue `1000`
   */
  maxWaiting?: number;

  /**
   * How long a request may wait for a connection, in milliseconds; 0 is no limit. Past it the answer is 503.
   *
   * @defaultValue `10_000`
   */
  waitTimeoutMs?: number;

  /**
   * How long connecting may take, in milliseconds; 0 is no limit. Past it the answer is 504.
   *
   * @defaultValue `5_000`
   */
  connectTimeoutMs?: number;

  /**
   * How long the server may be silent while it is its turn, in milliseconds; 0 is no limit: until its response begins,
   * and between its bytes. Past it the answer is 504, and a response that has begun is cut. What the server does behind a
   * whole response may take as long in all; past it the connection is closed.
   *
   * @defaultValue `60_000`, as nginx's `fastcgi_read_timeout`
   */
  responseTimeoutMs?: number;

  /**
   * Longest body of unknown length, in bytes, where the server has to be told a length first: SCGI wants it, and PHP reads
   * no body without. There such a body is gathered in memory, and past this limit the answer is 411. A body whose length is
   * known is streamed, whatever that is, and FastCGI without `php` streams all.
   *
   * @defaultValue `1_048_576`
   */
  maxGatheredBytes?: number;

  /**
   * Longest head of a response, in bytes. Past it the answer is 502.
   *
   * @defaultValue `65_536`
   */
  maxResponseHeadBytes?: number;
}

/** The options with their defaults, and 0 for no limit of time as `Infinity`. */
export interface ClientLimits {
  readonly maxConnections: number;
  readonly maxIdle: number;
  readonly idleTimeoutMs: number;
  readonly maxWaiting: number;
  readonly waitTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly maxResponseHeadBytes: number;
  readonly maxGatheredBytes: number;
}

/** Every one of them, for those who refuse others. */
export const clientOptionNames: Readonly<Record<keyof ClientOptions, true>> = {
  address: true,
  filter: true,
  environ: true,
  maxConnections: true,
  maxWaiting: true,
  waitTimeoutMs: true,
  connectTimeoutMs: true,
  responseTimeoutMs: true,
  maxGatheredBytes: true,
  maxResponseHeadBytes: true,
};

/** @throws {GatewayError} `OPTION` when a limit is none */
export function clientLimits(options: ClientOptions, maxIdle: number, idleTimeoutMs: number): ClientLimits {
  return {
    maxConnections: limitOf("maxConnections", options.maxConnections ?? 100, 1),
    maxIdle: limitOf("maxIdle", maxIdle),
    idleTimeoutMs: timeOf("idleTimeoutMs", idleTimeoutMs),
    maxWaiting: limitOf("maxWaiting", options.maxWaiting ?? 1_000),
    waitTimeoutMs: timeOf("waitTimeoutMs", options.waitTimeoutMs ?? 10_000),
    connectTimeoutMs: timeOf("connectTimeoutMs", options.connectTimeoutMs ?? 5_000),
    responseTimeoutMs: timeOf("responseTimeoutMs", options.responseTimeoutMs ?? 60_000),
    maxGatheredBytes: limitOf("maxGatheredBytes", options.maxGatheredBytes ?? 1_048_576),
    maxResponseHeadBytes: limitOf("maxResponseHeadBytes", options.maxResponseHeadBytes ?? 65_536, 1),
  };
}
