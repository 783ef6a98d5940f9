// Instructions in user mode, by Linux's perf: what other work on the machine hardly changes.

import { spawn, spawnSync } from "node:child_process";
import { processTree } from "./processes.js";

const STAT = ["stat", "-x,", "-e", "instructions:u"];

/** Whether perf is there, and may count. */
export const canCount = countIn(spawnSync("perf", [...STAT, "true"], { encoding: "utf8" }).stderr ?? "") > 0;

/**
 * @param {number} pid of a process, which counts with all that it has started
 * @param {() => Promise<void>} action is done in any case
 * @returns {Promise<number | undefined>} how many it took meanwhile; undefined where they cannot be counted
 */
export async function countInstructions(pid, action) {
  if (!canCount) {
    await action();
    return undefined;
  }
  // Descriptor 3 tells perf when to count, 4 is where it says that it does. Until then it counts nothing.
  const args = [...STAT, "--control", "fd:3,4", "-D", "-1", "-p", processTree(pid).join(",")];
  const perf = spawn("perf", args, { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
  const [, , errors, control, answers] = perf.stdio;
  let output = "";
  errors.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  // One that could not begin, or has ended because the processes have, reads and says nothing more.
  const ended = new Promise((resolve) => perf.on("error", resolve).on("close", resolve));
  for (const stream of [control, answers]) stream.on("error", () => {});
  const counting = new Promise((resolve) => answers.on("data", resolve));
  control.write("enable\n");
  await Promise.race([counting, ended]);
  try {
    await action();
  } finally {
    perf.kill("SIGINT");
    await ended;
  }
  return countIn(output);
}

/**
 * @param {string} output of `perf stat -x,`: a line for each kind of processor that the machine has
 * @returns {number | undefined}
 */
export function countIn(output) {
  const counts = [...output.matchAll(/^(\d+),[^\n]*\binstructions\b/gm)].map(([, count]) => Number(count));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count);
}
