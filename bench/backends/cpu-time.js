// What every backend does besides serving: it says that it listens, and how much CPU time or memory it has used.

import { setImmediate as turn } from "node:timers/promises";

import { cpuTimeOf, processTree } from "../processes.js";

/**
 * Answers "CPU time" with that of this process and its children so far, user and system, in microseconds, and "memory" with
 * the bytes that can be reached in this one.
 */
export function reportCpuTime() {
  process.on("message", async (question) => {
    process.send(question === "memory" ? await reachableBytes() : cpuTime());
  });
  process.on("disconnect", () => process.exit());
  process.send("listening");
}

function cpuTime() {
  const { user, system } = process.cpuUsage();
  const [, ...children] = processTree(process.pid);
  return children.reduce((sum, pid) => sum + cpuTimeOf(pid), user + system);
}

/** Wants `--expose-gc`. What closes, or waits for a turn, is given time to end. */
async function reachableBytes() {
  for (let count = 0; count < 5; count++) {
    await turn();
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
