// The listening sockets of a pool: its parent has them for as long as it lives, and no child takes them away.

import { closeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Address, ProtocolServer } from "../../gateway/protocol-server.ts";
import { isListening } from "../inherited-socket.ts";
import { listen, noListener, type Place, places } from "../listen.ts";
import { DEFAULT_BACKLOG, type WorkerOptions } from "../options.ts";
import { HeldSocket } from "./held-socket.ts";

type MayListenOn = ProtocolServer["mayListenOn"];

export interface PoolSockets {
  /** What was bound; of sockets that this process was started with, only its children know where they are. */
  readonly addresses: readonly Address[];
  /** For children to listen on. */
  readonly descriptors: readonly number[];
  /** The addresses are free from the first moment, as far as children do not listen there any more. */
  release(): Promise<void>;
}

/**
 * Sockets for children to share: the kernel gives each connection to one that has time. Nothing is accepted here.
 *
 * @throws {GatewayError} as `listen` does, and `PREFORK`
 */
export async function shareSockets(mayListenOn: MayListenOn, options: WorkerOptions): Promise<PoolSockets> {
  const held: HeldSocket[] = [];
  const inherited: number[] = [];
  const release = async (): Promise<void> => {
    for (const descriptor of inherited) closeSync(descriptor);
    await Promise.all(held.map((socket) => socket.release()));
  };
  try {
    for (const place of places(options)) {
      if ("fd" in place) inherited.push(checked(place.fd));
      else held.push(await hold(place, mayListenOn, options));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    addresses: held.map((socket) => socket.address),
    descriptors: [...held.map((socket) => socket.descriptor), ...inherited],
    release,
  };
}

function checked(descriptor: number): number {
  if (isListening(descriptor)) return descriptor;
  throw noListener({ fd: descriptor });
}

function hold(
  address: Exclude<Place, { fd: number }>,
  mayListenOn: MayListenOn,
  options: WorkerOptions,
): Promise<HeldSocket> {
  mayListenOn?.(address);
  return HeldSocket.listen("path" in address ? address.path : address, options);
}

/**
 * Sockets on which this process accepts, for children that are started when there is something to do.
 *
 * @param take gets connections that nobody has read from
 * @throws {GatewayError} as `listen` does
 */
export async function acceptSockets(
  mayListenOn: MayListenOn,
  options: WorkerOptions,
  take: (socket: Socket) => void,
): Promise<PoolSockets> {
  const acceptor = (): ProtocolServer => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, take);
    // Connections that wait here for a child, beyond those that wait in the kernel.
    server.maxConnections = options.backlog ?? DEFAULT_BACKLOG;
    return {
      server,
      ...(mayListenOn !== undefined && { mayListenOn }),
      // Not waited for: it counts connections that went to children, and what waits for a child is nobody's any more.
      async drain() {
        server.close();
      },
      abort: () => {},
    };
  };
  const listeners = await listen(acceptor, options);
  return {
    addresses: listeners.map((listener) => listener.address),
    descriptors: [],
    async release() {
      await Promise.all(listeners.map((listener) => listener.drain()));
    },
  };
}
