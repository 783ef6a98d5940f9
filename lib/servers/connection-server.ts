// A server whose protocol has connections of its own (all but HTTP, which is Node's): who may connect, what is open,
// and how it is wound down.

import { createServer as createNetServer, type Socket } from "node:net";
import type { HandOver, ProtocolServer } from "../gateway/protocol-server.ts";
import type { ServerContext } from "./context.ts";
import type { Peers } from "./peers.ts";

/** One connection, until its socket closes. */
export interface Connection {
  /** The server is stopping: closes as soon as nothing is in progress, unless it can be handed over. */
  drain(handOver?: HandOver): void;
  /** Ends all requests in progress with `reason` and closes at once. */
  destroy(reason: Error): void;
}

/**
 * A server that nobody has told to listen yet.
 *
 * @param open makes a connection of a socket, to which the peer may speak
 */
export function createConnectionServer(
  context: ServerContext,
  peers: Peers,
  open: (socket: Socket) => Connection,
): ProtocolServer {
  const connections = new Map<Socket, Connection>();
  let whenEmpty: (() => void) | undefined;

  // Half-open, because some clients end their side as soon as they have sent a request.
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (!peers.allow(socket)) {
      const peer = socket.remoteAddress ?? "a peer that has gone already";
      context.refused(`refused a connection from ${peer}; option "allowedServers" can allow it`);
      socket.destroy();
      return;
    }
    context.counters.accept(socket);
    socket.once("close", () => {
      connections.delete(socket);
      if (connections.size === 0) whenEmpty?.();
    });
    connections.set(socket, open(socket));
  });

  return {
    server,
    drain(handOver) {
      context.draining = true;
      server.close();
      for (const connection of connections.values()) connection.drain(handOver);
      return new Promise((resolve) => {
        if (connections.size === 0) resolve();
        else whenEmpty = resolve;
      });
    },
    abort(reason) {
      for (const connection of connections.values()) connection.destroy(reason);
    },
  };
}
