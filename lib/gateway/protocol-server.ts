// What a protocol gives to a worker model: a server, and how to wind it down.

import type { Server, Socket } from "node:net";

/** A bound address: a unix socket's path, or host and port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

/** As it is written in messages. */
export function formatAddress(address: Address): string {
  // A socket that was handed over may not tell.
  if ("path" in address) return address.path || "an inherited socket";
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * Takes an open connection of a server that stops, for another process to go on with. A web server that keeps a connection
 * may be sending a request on it at the moment in which we close it, and must not send every request twice.
 *
 * `isIdle` is asked at once and from time to time, until nothing is in progress and everything that came has been dealt
 * with. Then the connection goes, and our end of it is closed. Offering it again, when a request has ended, makes it sooner.
 */
export type HandOver = (socket: Socket, isIdle: () => boolean) => void;

export interface ProtocolServer {
  /**
   * Accepts connections for the protocol; nobody has told it where to listen yet. A connection that somebody else
   * accepted is served once it is emitted as `connection`, with `allowHalfOpen` set.
   */
  readonly server: Server;

  /**
   * Called with each address before the server listens there, and behind it for a socket that was inherited. Left out
   * where any address will do.
   *
   * @throws {GatewayError} when serving there would be unsafe
   */
  readonly mayListenOn?: (address: Address) => void;

  /**
   * Stops accepting, closes idle connections, lets each request in progress finish and then closes its connection.
   * Resolves when no connection is left. Where there is a `handOver`, connections that the peer wants to keep go there
   * instead of being closed.
   */
  drain(handOver?: HandOver): Promise<void>;

  /** Aborts `postern.signal` of every request in progress with `reason`, and closes all connections. */
  abort(reason: Error): void;
}
