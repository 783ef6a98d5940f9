// Instructions in user mode, by Linux's perf: what other work on the machine hardly changes.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { processTree } from "./processes.js";

/** Whether perf is there, and may count. */
export const canCount =
  spawnSync("perf", ["stat", "-x,", "-e", "instructions:u", "true"], { encoding: "utf8" }).stderr?.match(
    /^\d+,/m,
  ) != null;

/**
 * @param {number} pid of a process, which counts with all that it has started
 * @param {() => Promise<void>} action
 * @returns {Promise<number | undefined>} how many it took meanwhile; undefined where they cannot be counted
 */
export async function countInstructions(pid, action) {
  if (!canCount) {
    await action();
    return undefined;
  }
  // Descriptor 3 tells perf when to count, 4 is where it says that it does.
  const args = ["stat", "-x,", "-e", "instructions:u", "--control", "fd:3,4", "-D", "-1"];
  const perf = spawn("perf", [...args, "-p", processTree(pid).join(",")], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  const [, , errors, control, answers] = perf.stdio;
  let output = "";
  errors.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const ended = once(perf, "close");
  control.write("enable\n");
  await Promise.race([once(answers, "data"), ended]);
  await action();
  perf.kill("SIGINT");
  await ended;
  const count = /^(\d+),/m.exec(output);
  return count === null ? undefined : Number(count[1]);
}
