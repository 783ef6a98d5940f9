// Where a server listens: on addresses of its own, or on sockets that it was started with.

import { closeSync, type Stats, statSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { GatewayError } from "../errors.ts";
import type { Loader } from "../gateway/loader.ts";
import { type Address, formatAddress, type ProtocolServer } from "../gateway/protocol-server.ts";
import { parseBindAddress } from "./bind-address.ts";
import { isListening } from "./inherited-socket.ts";
import { type BindAddress, DEFAULT_BACKLOG, type WorkerOptions } from "./options.ts";
import { takeSystemdSockets } from "./systemd-sockets.ts";
import { listenOnPath, protectSuccessor, type WithUmask, withUmask } from "./unix-socket.ts";

/** A server that accepts connections, and how it stops doing so. */
export interface Listener {
  readonly address: Address;
  /** As `ProtocolServer.drain`; the address is free from the first moment. */
  drain(): Promise<void>;
  abort(reason: Error): void;
}

/**
 * Makes a server for each address and listens; when one of them fails, none is left listening.
 *
 * @throws {GatewayError} `ADDRESS_IN_USE`, `ADDRESS_NOT_ALLOWED`, `ADDRESS_NOT_AVAILABLE`, `NO_ADDRESS`,
 *   `LISTEN_FDS`, and those of unix sockets
 */
export async function listen(
  create: () => ProtocolServer,
  options: WorkerOptions,
  masked: WithUmask = withUmask,
): Promise<Listener[]> {
  if (options.loader !== undefined) return [await listenForLoader(create(), options.loader)];
  const listeners: Listener[] = [];
  try {
    for (const place of places(options)) listeners.push(await listenAt(create(), place, options, masked));
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.drain()));
    throw error;
  }
  return listeners;
}

/** An address to bind, or a descriptor that listens already. */
export type Place = Address | { readonly fd: number };

/** Where the options, or whoever started this process, want a server. */
export function places({ bindAddress }: WorkerOptions): Place[] {
  if (bindAddress !== undefined) {
    const addresses: readonly BindAddress[] = Array.isArray(bindAddress)
      ? bindAddress
      : [bindAddress as BindAddress];
    if (addresses.length === 0)
      throw new GatewayError("NO_ADDRESS", "bindAddress is an empty array; name an address");
    return addresses.map(parseBindAddress);
  }
  const sockets = takeSystemdSockets();
  return sockets.length > 0 ? sockets.map(({ fd }) => ({ fd })) : [{ fd: 0 }];
}

async function listenAt(
  protocol: ProtocolServer,
  place: Place,
  options: WorkerOptions,
  masked: WithUmask,
): Promise<Listener> {
  const { server } = protocol;
  const backlog = options.backlog ?? DEFAULT_BACKLOG;
  if (!("fd" in place)) protocol.mayListenOn?.(place);
  try {
    if ("path" in place) await listenOnPath(server, place.path, options, masked);
    else await listening(server, "fd" in place ? { fd: place.fd } : { ...place, exclusive: true }, backlog);
  } catch (error) {
    throw explain(error, place);
  }
  // EMFILE and the like: a connection is lost, the server is not.
  server.on("error", () => {});
  const address = addressOf(server);
  try {
    if ("fd" in place) protocol.mayListenOn?.(address);
  } catch (error) {
    await stopListening(protocol, place, undefined);
    throw error;
  }
  const own = "path" in place ? statSync(place.path, { throwIfNoEntry: false }) : undefined;
  return {
    address,
    drain: () => stopListening(protocol, place, own),
    abort: (reason) => protocol.abort(reason),
  };
}

function stopListening(protocol: ProtocolServer, place: Place, own: Stats | undefined): Promise<void> {
  const restore = "path" in place ? protectSuccessor(place.path, own) : () => {};
  const drained = protocol.drain();
  restore();
  // Node keeps descriptor 0 open, and with it the queue of a socket that nobody accepts from any more.
  if ("fd" in place && place.fd === 0) closeSync(0);
  return drained;
}

/**
 * What a loader's listen() is called with. All of them listen where they want to; Passenger's does only for this word,
 * once the application has called `PhusionPassenger.configure({ autoInstall: false })`.
 */
const LOADERS_SOCKET = "passenger";

async function listenForLoader(protocol: ProtocolServer, { socketPath }: Loader): Promise<Listener> {
  const { server } = protocol;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(LOADERS_SOCKET, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => {});
  const own = socketPath === undefined ? undefined : statSync(socketPath, { throwIfNoEntry: false });
  return {
    address: addressOf(server),
    drain() {
      const restore = socketPath === undefined ? () => {} : protectSuccessor(socketPath, own);
      const drained = protocol.drain();
      restore();
      // LiteSpeed's socket, which Node keeps open as it does above.
      if (isListening(0)) closeSync(0);
      return drained;
    },
    abort: (reason) => protocol.abort(reason),
  };
}

/** @param backlog an argument of its own, since Node does not look for it beside a descriptor */
export function listening(server: Server, options: object, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, backlog, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

export function addressOf(server: Server): Address {
  // Undefined with LiteSpeed's loader, which replaces this method too, where LSNODE_SOCKET is not set.
  const address: AddressInfo | string | null | undefined = server.address();
  if (address === null || address === undefined || typeof address === "string")
    return { path: address ?? "" };
  return { host: address.address, port: address.port };
}

function explain(error: unknown, place: Place): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const name = nameOf(place);
  const explained = (code: string, message: string): GatewayError =>
    new GatewayError(code, message, { cause: error });
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return explained(
        "ADDRESS_IN_USE",
        `another process listens on ${name}; stop it or choose another address`,
      );
    case "EEXIST":
      return explained(
        "ADDRESS_IN_USE",
        `another server of this process listens on ${name}; name an address for one of them with option "bindAddress"`,
      );
    case "EACCES":
    case "EPERM":
      return explained("ADDRESS_NOT_ALLOWED", `this user may not listen on ${name}; choose another address`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return explained("ADDRESS_NOT_AVAILABLE", `${name} is no address of this machine; choose another`);
    case "EINVAL":
    case "ENOTSOCK":
    case "EBADF":
      return noListener(place, { cause: error });
    default:
      return error;
  }
}

/** Whoever started this process left it nothing to listen on. */
export function noListener(place: Place, options?: ErrorOptions): GatewayError {
  return new GatewayError(
    "NO_ADDRESS",
    `${nameOf(place)} is no listening socket; name an address with option "bindAddress", with --listen, or behind ` +
      'the protocol on the command line ("fcgi /run/app.sock")',
    options,
  );
}

function nameOf(place: Place): string {
  return "fd" in place ? `descriptor ${place.fd}` : formatAddress(place);
}
