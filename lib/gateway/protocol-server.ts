// What a protocol gives to a worker model: a server, and how to wind it down.

import type { Server } from "node:net";

export interface ProtocolServer {
  /** Accepts connections for the protocol; nobody has told it where to listen yet. */
  readonly server: Server;

  /**
   * Stops accepting, closes idle connections, lets each request in progress finish and then closes its connection.
   * Resolves when no connection is left.
   */
  drain(): Promise<void>;

  /** Aborts `postern.signal` of every request in progress with `reason`, and closes all connections. */
  abort(reason: Error): void;
}
