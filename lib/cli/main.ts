#!/usr/bin/env node

import { nodeComplaint } from "./node-version.ts";
import { stopWithNpm } from "./npm-parent.ts";

const complaint = nodeComplaint(process.versions.node);
if (complaint !== undefined) {
  process.stderr.write(`${complaint}\n`);
  process.exit(1);
}
stopWithNpm();
// Not before: an old Node may fail while it loads them.
const { postern } = await import("./postern.ts");
const { terminal } = await import("./terminal.ts");
const status = await postern(process.argv.slice(2), terminal);
// An application may hold the process with timers or connections of its own: the verb has ended.
process.exit(status);
