// Which descriptors of this process are sockets that listen? Asking Node to listen on one would turn one that is merely
// bound into a listener, and one that is connected is how Apache's CGI daemon hands over a request.

import { existsSync, fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

// include/net/tcp_states.h and include/uapi/linux/net.h
const TCP_LISTEN = "0A";
const SO_ACCEPTCON = 0x10000;

/**
 * Whether a descriptor is a listening socket. Where the system has no /proc, every socket is taken for one.
 */
export function isListening(descriptor: number): boolean {
  try {
    if (!fstatSync(descriptor).isSocket()) return false;
  } catch {
    return false;
  }
  return !existsSync("/proc/self/fd") || listeningSockets().has(inodeOf(descriptor) ?? "");
}

/**
 * The listening sockets that this process has open, and where each listens: on a path, or on a port. Empty where the
 * system has no /proc.
 */
export function listeningDescriptors(): Map<number, string | number> {
  const found = new Map<number, string | number>();
  const sockets = listeningSockets();
  for (const descriptor of openDescriptors()) {
    const place = sockets.get(inodeOf(descriptor) ?? "");
    if (place !== undefined) found.set(descriptor, place);
  }
  return found;
}

/** Undefined for what is no socket, or not open. */
function inodeOf(descriptor: number): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch {
    return undefined;
  }
}

function openDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
}

/** Every listening socket of this machine's network, by its inode. */
function listeningSockets(): Map<string, string | number> {
  const found = new Map<string, string | number>();
  for (const line of lines("unix")) {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, flags = "0", inode = "", path = ""] =
      /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+)(?: (.*))?$/.exec(line) ?? [];
    if ((Number.parseInt(flags, 16) & SO_ACCEPTCON) !== 0) found.set(inode, path);
  }
  for (const line of [...lines("tcp"), ...lines("tcp6")]) {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
    const [, address = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
    if (state === TCP_LISTEN) found.set(inode, Number.parseInt(address.split(":")[1] ?? "", 16));
  }
  return found;
}

function lines(table: string): string[] {
  try {
    return readFileSync(`/proc/self/net/${table}`, "utf8").split("\n");
  } catch {
    return [];
  }
}
