#!/usr/bin/env node
// What the bench asks of valgrind's callgrind, without the time that it takes: a fixed count.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const words = process.argv.slice(2);
const at = words.indexOf(process.execPath);
const options = new Map(
  words.slice(0, at).map((word) => /^--([\w-]+)=(.*)$/.exec(word)?.slice(1) ?? [word, ""]),
);
if (options.get("tool") !== "callgrind" || !words.includes("--random-seed=1"))
  throw new Error(`not what was expected: ${words.join(" ")}`);
const { status } = spawnSync(process.execPath, words.slice(at + 1), { stdio: "inherit" });
writeFileSync(
  options.get("callgrind-out-file"),
  "# callgrind format\nevents: Ir\nfn=(1)\n4 123456789\nsummary: 123456789\n",
);
process.exitCode = status;
