// What a protocol gives to a worker model: a server, and how to wind it down.

import type { Server } from "node:net";

/** A bound address: a unix socket's path, or host and port. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

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
   * Resolves when no connection is left.
   */
  drain(): Promise<void>;

  /** Aborts `postern.signal` of every request in progress with `reason`, and closes all connections. */
  abort(reason: Error): void;
}
