#!/usr/bin/env node

import { stopWithNpm } from "./npm-parent.ts";
import { postern } from "./postern.ts";
import { terminal } from "./terminal.ts";

stopWithNpm();
const status = await postern(process.argv.slice(2), terminal);
// An application may hold the process with timers or connections of its own: the verb has ended.
process.exit(status);
