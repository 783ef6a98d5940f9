// Is a descriptor that this process was started with a socket that listens? Asking Node to listen on it would turn one
// that is merely bound into a listener, and one that is connected is how Apache's CGI daemon hands over a request.

import { fstatSync, readFileSync, readlinkSync } from "node:fs";

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
  let inode: string | undefined;
  try {
    inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch {
    return true;
  }
  if (inode === undefined) return false;
  return listensOnPath(inode) || listensOnPort(inode, "tcp") || listensOnPort(inode, "tcp6");
}

// Num RefCount Protocol Flags Type St Inode Path
function listensOnPath(inode: string): boolean {
  return lines("unix").some(
    (fields) => fields[6] === inode && (Number.parseInt(fields[3] ?? "0", 16) & SO_ACCEPTCON) !== 0,
  );
}

// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
function listensOnPort(inode: string, table: "tcp" | "tcp6"): boolean {
  return lines(table).some((fields) => fields[9] === inode && fields[3] === TCP_LISTEN);
}

function lines(table: string): string[][] {
  try {
    const text = readFileSync(`/proc/self/net/${table}`, "latin1");
    return text.split("\n").map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
