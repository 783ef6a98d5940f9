// The file of a unix socket: whether it may be replaced, its permissions, and its removal.

import {
  chownSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { GatewayError } from "../errors.ts";
import { DEFAULT_BACKLOG, type WorkerOptions } from "./options.ts";

/** Linux: sun_path holds 108 bytes, the last of them NUL. A longer path would be cut without a word. */
const MAX_PATH_BYTES = 107;
const DEFAULT_MODE = 0o660;

/** Calls `bind` with a umask in force that is the process's own again afterwards. */
export type WithUmask = (mask: number, bind: () => void) => void;

export const withUmask: WithUmask = (mask, bind) => {
  const before = process.umask(mask);
  try {
    bind();
  } finally {
    process.umask(before);
  }
};

/**
 * Listens on a path, with the permissions in force from the file's first moment. Resolves when connections are accepted.
 *
 * @throws {GatewayError} `SOCKET_PATH`, `SOCKET_GROUP`, `OPTION` for permissions that are none, `ADDRESS_IN_USE` or `NOT_A_SOCKET`
 */
export async function listenOnPath(
  server: Server,
  path: string,
  options: WorkerOptions,
  masked: WithUmask,
): Promise<void> {
  const { socketMode = DEFAULT_MODE, umask = ~permissions("socketMode", socketMode) & 0o777 } = options;
  const mask = permissions("umask", umask);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new GatewayError(
      "SOCKET_PATH",
      `socket path ${path} is longer than ${MAX_PATH_BYTES} bytes; choose a shorter one`,
    );
  }
  // Node reports a missing folder as a missing permission.
  if (!existsSync(dirname(path))) {
    throw new GatewayError(
      "SOCKET_PATH",
      `the folder of ${path} does not exist; make it or choose another path`,
    );
  }
  const group = options.socketGroup === undefined ? undefined : groupId(options.socketGroup);
  await clearStale(path);
  // Node binds a path before listen() returns, so the mask is in force for this file and no other.
  masked(mask, () => {
    server.listen({ path, backlog: options.backlog ?? DEFAULT_BACKLOG });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
  });
  if (group === undefined) return;
  try {
    chownSync(path, process.getuid?.() ?? -1, group);
  } catch (cause) {
    server.close();
    throw new GatewayError(
      "SOCKET_GROUP",
      `this user may not give ${path} to group ${options.socketGroup}; name a group that it is in`,
      { cause },
    );
  }
}

/** 660 without `0o` is 0o1224, which lets everybody in, and not the owner. */
function permissions(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0o777) return value;
  throw new GatewayError(
    "OPTION",
    `option "${name}" is ${JSON.stringify(value)}; give permissions as an octal number, such as 0o660`,
  );
}

/**
 * Node removes the file of a path that it closes, whoever made the file. Call it before closing, and what it gives
 * afterwards: a socket that another process has put there in the meantime is in its place again.
 */
export function protectSuccessor(path: string, own: Stats | undefined): () => void {
  const now = statSync(path, { throwIfNoEntry: false });
  if (now === undefined || (own !== undefined && now.ino === own.ino && now.dev === own.dev)) return () => {};
  const spare = `${path}.${process.pid}`;
  try {
    linkSync(path, spare);
  } catch {
    return () => {};
  }
  return () => renameSync(spare, path);
}

/** A socket that nobody listens on may go; one that answers, or a file that is no socket, never. */
async function clearStale(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new GatewayError(
      "NOT_A_SOCKET",
      `${path} exists and is no socket; remove it or choose another path`,
    );
  }
  if (await answers(path)) {
    throw new GatewayError(
      "ADDRESS_IN_USE",
      `another process listens on ${path}; stop it or choose another path`,
    );
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // A full backlog or missing permission is no sign of death.
    probe.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });
}

function groupId(group: string | number): number {
  if (typeof group === "number") return group;
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${group}:`));
  const id = line?.split(":")[2];
  if (id === undefined)
    throw new GatewayError("SOCKET_GROUP", `there is no group ${JSON.stringify(group)} in /etc/group`);
  return Number(id);
}
