// FastCGI 1.0: the server, which is what all its connections have in common. A connection's records are in
// fcgi-connection.ts, a request's response in fcgi-request.ts, the bytes in protocols/fastcgi/.

import { GatewayError } from "../errors.ts";
import type { Counters } from "../gateway/counters.ts";
import type { ProtocolServer } from "../gateway/protocol-server.ts";
import type { Application } from "../gateway/types.ts";
import { createConnectionServer } from "./connection-server.ts";
import { contextOf } from "./context.ts";
import { FcgiConnection } from "./fcgi-connection.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import { limitOf } from "./limit.ts";
import type { PeerOptions, ServerOptions } from "./options.ts";
import { Peers } from "./peers.ts";

export interface FcgiOptions extends ServerOptions, PeerOptions {
  /**
   * Whether a connection may carry several requests at once; if not, a second one is answered CANT_MPX_CONN.
   *
   * @defaultValue `true`
   */
  multiplexed?: boolean;

  /**
   * Requests at once on one connection. Past it the answer is OVERLOADED.
   *
   * @defaultValue `100`
   */
  maxMultiplexed?: number;

  /**
   * The roles this application plays; any other is answered UNKNOWN_ROLE. An authorizer's answer of 200 lets the
   * request pass, and its headers `Variable-NAME` become variables of the request.
   *
   * @defaultValue `["responder"]`
   */
  roles?: readonly ("responder" | "authorizer")[];

  /**
   * Whether what an application writes to `wsgi.errors` goes to the `logFile` or standard error as well as to the web
   * server.
   *
   * @defaultValue `true` when the server listens itself or has a `logFile`, `false` on an inherited socket: the web server
   * that left it may have both ends in one log
   */
  copyErrors?: boolean;
}

/**
 * A FastCGI server that nobody has told to listen yet.
 *
 * @throws {GatewayError} `OPTION` when an option is none
 */
export function createServer(
  application: Application,
  options: FcgiOptions = {},
  counters?: Counters,
): ProtocolServer {
  const roles = options.roles ?? ["responder"];
  checkRoles(roles);
  const context: FcgiContext = {
    ...contextOf(application, options, counters),
    multiplexed: options.multiplexed ?? true,
    maxMultiplexed: limitOf("maxMultiplexed", options.maxMultiplexed ?? 100),
    authorizer: roles.includes("authorizer"),
    responder: roles.includes("responder"),
    copyErrors: options.copyErrors ?? true,
  };
  const peers = new Peers(options.allowedServers, process.env["FCGI_WEB_SERVER_ADDRS"]);
  return createConnectionServer(context, peers, (socket) => new FcgiConnection(socket, context));
}

/** @throws {GatewayError} `OPTION` when there is no role, or one that no application can play here */
function checkRoles(roles: readonly string[]): void {
  const known = ["responder", "authorizer"];
  if (Array.isArray(roles) && roles.length > 0 && roles.every((role) => known.includes(role))) return;
  throw new GatewayError(
    "OPTION",
    `option "roles" is ${JSON.stringify(roles)}; give ${known.join(", ")} or both`,
  );
}
