// What a pool tells a process that it starts. A child runs the same main script as its parent; this is how it knows that it
// is one. Imported early, since it clears the variable away and looks after the parent from then on.

import { existsSync } from "node:fs";
import type { Address } from "../gateway/protocol-server.ts";
import type { BindAddress } from "./options.ts";

/** The part of a pool that this process is. */
export interface Assignment {
  /** The process that started this one. */
  readonly parent: number;
  /** Which of the servers that the script starts, in the order of their starts; the first is 1. */
  readonly server: number;
  readonly protocol: string;
  /** What the parent bound; empty where it was started with sockets that listen. */
  readonly addresses: readonly Address[];
  /** How often the parent had started the script's code anew, 1 at first. */
  readonly generation: number;
  /** Listening sockets among the descriptors of this process; none where the parent accepts the connections. */
  readonly descriptors: readonly number[];
}

const VARIABLE = "POSTERN_WORKER";

/**
 * Where this process was started; undefined where that folder is gone. An application may change to another before the
 * script is run once more, and what its command line names is to be found from here.
 */
export const startFolder: string | undefined = currentFolder();

const given = parsed(process.env[VARIABLE]);
delete process.env[VARIABLE];

/** Undefined in a process that no pool has started. */
export const assignment: Assignment | undefined =
  given?.parent === process.ppid && process.connected ? given : undefined;

/**
 * Whether this is a child, but not its parent's own: there is something between them. It must not start children itself,
 * which would be no better off. What has no channel to a parent is a program that a child has started.
 */
export const misassigned = given !== undefined && assignment === undefined && process.send !== undefined;

// Its parent has gone while it started.
if (misassigned && !process.connected) orphaned();
if (assignment !== undefined) process.on("disconnect", orphaned);

/** The variables of a child. */
export function assigned(environment: NodeJS.ProcessEnv, task: Assignment): NodeJS.ProcessEnv {
  return { ...environment, [VARIABLE]: JSON.stringify(task) };
}

/** Where the pool listens, as an option says it. */
export function boundAddresses({ addresses }: Assignment): BindAddress[] {
  return addresses.map((address) => ("path" in address ? address.path : address));
}

/** Where a child is to be started; undefined where that is where this process is now, or the folder has gone. */
export function childFolder(): string | undefined {
  if (startFolder === undefined || currentFolder() === startFolder) return undefined;
  return existsSync(startFolder) ? startFolder : undefined;
}

/** From now on somebody else looks after the parent. */
export function serveAssignment(): void {
  process.off("disconnect", orphaned);
}

/** Nobody is left to tell a child that has not begun to serve what to do. */
function orphaned(): void {
  process.exit(1);
}

function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function parsed(text = ""): Assignment | undefined {
  try {
    return JSON.parse(text) as Assignment;
  } catch {
    return undefined;
  }
}
