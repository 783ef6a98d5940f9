#!/usr/bin/env node
// What the bench asks of Linux's `perf stat`, as its manual page has it, on a machine whose processor counts nothing: a fixed
// count. PERF_FINDS says what else it finds.

import { spawnSync } from "node:child_process";
import { createReadStream, writeFileSync, writeSync } from "node:fs";

const lines = {
  // A processor with cores of two kinds has a line for each.
  "two kinds": "1000,,cpu_core/instructions/u,90,100.00,,\n234,,cpu_atom/instructions/u,10,100.00,,\n",
  "one kind": "1234,,instructions:u,100,100.00,,\n",
  nothing: "<not counted>,,instructions:u,0,0.00,,\n",
};

const [name, separator, ...words] = process.argv.slice(2);
const wordBehind = (option) => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined);
const commandAt = words.findIndex((word) => word === "true" || word === process.execPath);
if (name !== "stat" || separator !== "-x," || wordBehind("-e") !== "instructions:u")
  throw new Error(`not what was expected: ${words.join(" ")}`);

const finds = process.env["PERF_FINDS"] ?? "one kind";
if (commandAt >= 0) {
  const [program, ...args] = words.slice(commandAt);
  const { status } = spawnSync(program, args, { stdio: "inherit" });
  // It looks at its own machine first, and can count there.
  report(finds === "nothing" || finds === "no such process" ? "one kind" : finds);
  process.exitCode = status;
} else if (finds === "no such process") {
  writeSync(2, "failed to attach to the process\n");
  process.exitCode = 1;
} else {
  if (
    wordBehind("--control") !== "fd:3,4" ||
    wordBehind("-D") !== "-1" ||
    !/^\d+(,\d+)*$/.test(wordBehind("-p"))
  )
    throw new Error(`counts what it should not: ${words.join(" ")}`);
  writeSync(2, "Events disabled\n");
  let enabled = false;
  createReadStream(null, { fd: 3 }).on("data", (bytes) => {
    if (String(bytes) !== "enable\n") return;
    enabled = true;
    writeSync(2, "Events enabled\n");
    writeSync(4, "ack\n\0");
  });
  process.once("SIGINT", () => {
    report(enabled ? finds : "nothing");
    // As perf does, so that a shell knows what has ended it.
    process.kill(process.pid, "SIGINT");
  });
}

function report(found) {
  const output = wordBehind("-o");
  if (output === undefined) writeSync(2, lines[found]);
  else writeFileSync(output, `# started on Thu Nov 26 2026\n\n${lines[found]}`);
}
