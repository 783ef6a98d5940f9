// Locks between processes: a symbolic link that names who holds it. Making one is a single step that fails where there is
// one already, and its text is there from the beginning, as Emacs uses them.

import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** A lock is held for a few operations on small files. One of this age has been forgotten, in milliseconds. */
const FORGOTTEN_MS = 30_000;

/** Longest time between two attempts, in milliseconds. */
const PAUSE_MS = 10;

/** Of so many attempts one asks whether the holder lives. */
const CHECK_EACH = 10;

/** Of those that wait for a lock in this process, so many are served before it is given to another. */
const SERVED_AT_ONCE = 64;

interface Waiting {
  /** How long it waits, in milliseconds, and when it has waited for so long. */
  readonly patienceMs: number;
  readonly deadline: number;
  readonly run: () => void;
  readonly giveUp: (error: Error) => void;
}

/** Those that wait for a lock in this process, by its path. All of them try for it together. */
const queues = new Map<string, Waiting[]>();

/**
 * Runs `task` while nobody else holds the lock, in the order in which this process was asked. One whose holder has died is
 * taken over at once.
 *
 * The task is synchronous, and so is all that is done while the lock is held: it takes part of a millisecond. A busy process
 * that went back to its event loop in between would keep all others waiting for many times as long.
 *
 * @param patienceMs so long it is waited for, in milliseconds; 0 is no limit
 * @throws Error: it was not released in time; `ENOENT`: there is no such folder
 */
export function withFileLock<T>(path: string, patienceMs: number, task: () => T): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const run = (): void => {
      try {
        resolve(task());
      } catch (error) {
        reject(error);
      }
    };
    const deadline = patienceMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + patienceMs;
    const waiting = { patienceMs, deadline, run, giveUp: reject };
    const known = queues.get(path);
    if (known !== undefined) {
      known.push(waiting);
      return;
    }
    const queue: Waiting[] = [waiting];
    queues.set(path, queue);
    void serve(path, queue);
  });
}

/** Never rejects. */
async function serve(path: string, queue: Waiting[]): Promise<void> {
  try {
    while (queue.length > 0) {
      const holder = `${whoWeAre()}:${randomBytes(8).toString("hex")}`;
      if (!(await isTaken(path, holder, queue))) continue;
      try {
        for (const { run } of queue.splice(0, SERVED_AT_ONCE)) run();
      } finally {
        // Who was stopped for long has lost it to another by now.
        if (holderOf(path) === holder) removeIfThere(path);
      }
      // The others are served first.
      if (queue.length > 0) await sleep(PAUSE_MS);
    }
  } catch (error) {
    for (const { giveUp } of queue.splice(0)) giveUp(error as Error);
  }
  queues.delete(path);
}

/** Takes the lock; false when nobody waits for it any more. */
async function isTaken(path: string, holder: string, queue: Waiting[]): Promise<boolean> {
  for (let tries = 0; !isMade(path, holder); tries += 1) {
    if (tries % CHECK_EACH === 0) removeStaleLock(path);
    const now = performance.now();
    while (queue[0] !== undefined && queue[0].deadline < now) {
      const [{ giveUp, patienceMs }] = queue.splice(0, 1) as [Waiting];
      giveUp(new Error(`the lock ${path} was not released in ${patienceMs} ms (lockTimeoutMs)`));
    }
    if (queue.length === 0) return false;
    if (tries > 0) await sleep(Math.random() * Math.min(tries, PAUSE_MS));
  }
  return true;
}

/** Removes a lock that nobody holds any more, if it is one. */
export function removeStaleLock(path: string): void {
  const other = holderOf(path);
  if (other === undefined || !isStale(path, other)) return;
  // Only one may remove it at a time, or a second would remove the lock that has been made after the first did.
  const guard = `${path}.removing`;
  if (!isMade(guard, other)) {
    if (isForgotten(guard)) removeIfThere(guard);
    return;
  }
  try {
    if (holderOf(path) === other) removeIfThere(path);
  } finally {
    removeIfThere(guard);
  }
}

function isMade(path: string, text: string): boolean {
  try {
    symlinkSync(text, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(path: string): string | undefined {
  return ifThere(() => readlinkSync(path));
}

function isStale(path: string, holder: string): boolean {
  const [machine, pid, start] = holder.split(":");
  const isNeighbour = machine === machineName();
  return (isNeighbour && !isRunning(Number(pid), start)) || isForgotten(path);
}

function isForgotten(path: string): boolean {
  const stats = ifThere(() => lstatSync(path));
  return stats !== undefined && Date.now() - stats.mtimeMs > FORGOTTEN_MS;
}

function isRunning(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  // The number may be another process's by now.
  return startOf(pid) === start;
}

let us: string | undefined;

function whoWeAre(): string {
  us ??= `${machineName()}:${process.pid}:${startOf(process.pid)}`;
  return us;
}

let machine: string | undefined;

/** The machine, and on Linux the container: process numbers mean something there alone. */
function machineName(): string {
  machine ??= `${hostname()}/${ifThere(() => readlinkSync("/proc/self/ns/pid"))?.replace(/\D/g, "") ?? ""}`;
  return machine;
}

/** When a process began, as Linux counts it; elsewhere `"0"`. */
function startOf(pid: number): string {
  const stat = ifThere(() => readFileSync(`/proc/${pid}/stat`, "latin1")) ?? "";
  // proc_pid_stat(5): the second field is a name in parentheses, with anything in it.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
}

function removeIfThere(path: string): void {
  ifThere(() => unlinkSync(path));
}

/** `undefined` where the file is not there; of a process that ends, the reading fails with `ESRCH`. */
export function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
