// A server whose protocol has connections of its own (all but HTTP, which is Node's): who may connect, what is open,
// and how it is wound down.

import { createServer as createNetServer, type Socket } from "node:net";
import type { HandOver, ProtocolServer } from "../gateway/protocol-server.ts";
import type { ServerContext } from "./context.ts";
import { IdleWatch } from "./idle-watch.ts";
import type { Peers } from "./peers.ts";
import { shareShapeOfOptions } from "./socket-options.ts";

/** One connection, until its socket closes. */
export interface Connection {
  /** The server is stopping: closes behind what is in progress or comes in a moment, unless it can be handed over. */
  drain(handOver?: HandOver): void;
  /** Ends all requests in progress with `reason` and closes at once. */
  destroy(reason: Error): void;
  /** No byte went either way for `idleTimeoutMs`. */
  idle(): void;
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
  const watch = context.idleTimeoutMs > 0 ? new IdleWatch(context.idleTimeoutMs) : undefined;
  let whenEmpty: (() => void) | undefined;

  // Half-open, because some clients end their side as soon as they have sent a request.
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (!peers.allow(socket)) {
      const peer = socket.remoteAddress ?? "a peer that has gone already";
      context.refused(`refused a connection from ${peer}; option "allowedServers" can allow it`);
      socket.destroy();
      return;
    }
    const { counters } = context;
    counters.accept(socket);
    shareShapeOfOptions(counters.accepted);
    const connection = open(socket);
    connections.set(socket, connection);
    const watched = watch?.watch(socket, connection);
    socket.on("close", () => {
      counters.leave(socket);
      connections.delete(socket);
      if (watched !== undefined) watch?.forget(watched);
      if (connections.size === 0) whenEmpty?.();
    });
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
