// What Linux tells about processes (`man 5 proc`).

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** A process and all that it has started, and those in turn. */
export function processTree(pid) {
  const children = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const fields = statOf(name);
    if (fields === undefined) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [pid];
  for (const one of tree) tree.push(...(children.get(one) ?? []));
  return tree;
}

/** CPU time of a process and all that it has started so far, user and system, in microseconds. */
export function cpuTimeOf(pid) {
  return processTree(pid).reduce((sum, one) => sum + ownCpuTime(one), 0);
}

/** Linux counts in hundredths of a second in `stat` (`man 3 sysconf`). */
const TICK_MICROSECONDS = 10_000;
const NANOSECONDS_PER_MICROSECOND = 1_000;

/** By the scheduler, which counts nanoseconds, of threads that still run and where it was built to; 0 when it has ended. */
function ownCpuTime(pid) {
  const fields = statOf(pid);
  if (fields === undefined) return 0;
  const ticks = (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS;
  return Math.max(ticks, scheduledTime(pid) / NANOSECONDS_PER_MICROSECOND);
}

function scheduledTime(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1"))
      .reduce((sum, text) => sum + Number.parseInt(text, 10), 0);
  } catch {
    // No such file, or a thread has ended meanwhile.
    return 0;
  }
}

/** Memory that a process has in use, in KB. */
export function memoryOf(pid) {
  return statusOf(pid, "VmRSS");
}

/** The most that it had since {@link forgetPeak}, in KB. */
export function peakMemoryOf(pid) {
  return statusOf(pid, "VmHWM");
}

export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusOf(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]);
}

function statOf(pid) {
  try {
    // Behind the command, which may hold anything: state, parent, …
    return readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
