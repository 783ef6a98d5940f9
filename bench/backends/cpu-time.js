// What every backend does besides serving: it says that it listens, and how much CPU time it has used.

import { readdirSync, readFileSync } from "node:fs";

/** Linux counts the time of other processes in hundredths of a second (`man 5 proc`, `man 3 sysconf`). */
const TICK_MICROSECONDS = 10_000;

/** Answers each message with the CPU time of this process and its children so far, user and system, in microseconds. */
export function reportCpuTime() {
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system + timeOfChildren());
  });
  process.on("disconnect", () => process.exit());
  process.send("listening");
}

function timeOfChildren() {
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      // Behind the command, which may hold anything: state, parent, …
      const fields = readFileSync(`/proc/${name}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ");
      if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * TICK_MICROSECONDS;
}
