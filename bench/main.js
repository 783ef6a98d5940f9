// npm run bench: postern's servers beside others, in one run. The page docs/performance.md says what the figures mean.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeRun } from "./machine.js";
import { readOptions, usage } from "./options.js";
import { updatePage } from "./page.js";
import { havePeers } from "./peers.js";
import { profile } from "./profile.js";
import { scenarios } from "./scenarios.js";
import { measureSideBySide } from "./side-by-side.js";
import { measureStartUp } from "./start-up.js";
import { serverTable, startUpTable } from "./table.js";

const words = process.argv.slice(2);
const options = understood();
const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
try {
  if (options === undefined) process.stdout.write(usage);
  else if (options.profile) await showProfile(options);
  else await measureAll(options);
} finally {
  rmSync(folder, { recursive: true });
}

function understood() {
  try {
    return readOptions(words);
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    return process.exit(1);
  }
}

async function measureAll(options) {
  const peers = havePeers(options.install);
  const parts = [`${describeRun(words).join("  \n")}\n`];
  process.stdout.write(`\n${parts[0]}`);
  const show = (part) => {
    parts.push(part);
    process.stdout.write(`\n${part}`);
  };
  for (const scenario of scenarios({ compare: options.compare, peers })) {
    const results = await measureSideBySide(scenario, options, folder);
    show(`### ${scenario.title}\n\n${serverTable(results, scenario.baseline)}`);
  }
  show(`### Start-up of a CGI script\n\n${startUpTable(measureStartUp(options.starts))}`);
  if (options.write) updatePage(parts.join("\n"));
}

async function showProfile(options) {
  const [kept] = scenarios({ compare: undefined, peers: false });
  process.stdout.write(await profile(kept, options, folder));
}
