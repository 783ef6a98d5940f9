#!/usr/bin/env node

import { postern } from "./postern.ts";
import { terminal } from "./terminal.ts";

const status = await postern(process.argv.slice(2), terminal);
// An application may hold the process with timers or connections of its own: the verb has ended.
process.exit(status);
