// npm run bench: postern's servers beside others, in one run. The page docs/performance.md says what the figures mean.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions, usage } from "./options.js";
import { updatePage } from "./page.js";
import { loadPart, partNames } from "./parts.js";
import { Peers } from "./peers.js";
import { Report } from "./report.js";

const words = process.argv.slice(2);
const options = understood();
if (options === undefined) process.stdout.write(usage);
else await run(options);

function understood() {
  try {
    return readOptions(words);
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    return process.exit(1);
  }
}

async function run(options) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const summary = new Report(words);
  try {
    const peers = new Peers(options.install);
    for (const name of options.parts) {
      const part = await loadPart(name);
      const report = new Report(words);
      await part.run({ options, folder, peers }, report);
      if (options.profile) continue;
      report.addTargets();
      summary.takeTargets(report);
      if (options.write) updatePage(name, report);
    }
    if (options.profile || options.parts.length === 1) return;
    summary.addTargets();
    if (options.write && options.parts.length === partNames.length) updatePage("targets", summary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
