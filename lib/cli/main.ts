#!/usr/bin/env node

import { postern } from "./postern.ts";

const status = await postern(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
});
// An application may hold the process with timers or connections of its own: the verb has ended.
process.exit(status);
