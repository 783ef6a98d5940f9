// npm run bench: postern's servers beside others, in one run. The page docs/performance.md says what the figures mean.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions, usage } from "./options.js";
import { updatePage } from "./page.js";
import { havePeers } from "./peers.js";
import { profile } from "./profile.js";
import { Report } from "./report.js";
import { measureRouters } from "./router.js";
import { frameworkScenarios, scenarios, workerScenarios } from "./scenarios.js";
import { measureSideBySide } from "./side-by-side.js";
import { measureStartUp } from "./start-up.js";
import { rateTable, routerTable, serverTable, startUpTable } from "./table.js";

const words = process.argv.slice(2);
const options = understood();
const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
try {
  if (options === undefined) process.stdout.write(usage);
  else if (options.profile) await showProfile(options);
  else if (options.router) measureRouter(options);
  else if (options.frameworks) await measureFrameworks(options);
  else if (options.workers) await measureWorkers(options);
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
  const report = new Report(words);
  for (const scenario of scenarios({ compare: options.compare, peers })) {
    const results = await measureSideBySide(scenario, options, folder);
    report.add(scenario.title, serverTable(results, scenario.baseline));
  }
  report.add("Start-up of a CGI script", startUpTable(measureStartUp(options.starts)));
  if (options.write) updatePage("bench", report.text);
}

async function measureWorkers(options) {
  const { kept, closed, computing } = workerScenarios();
  const report = new Report(words);
  for (const scenario of [kept, closed]) {
    const results = await measureSideBySide(scenario, options, folder);
    report.add(scenario.title, serverTable(results, scenario.baseline));
  }
  const results = await measureSideBySide(computing, options, folder);
  report.add(computing.title, rateTable(results, computing.baseline));
  if (options.write) updatePage("workers", report.text);
}

async function measureFrameworks(options) {
  const report = new Report(words);
  for (const scenario of frameworkScenarios()) {
    const results = await measureSideBySide(scenario, options, folder);
    report.add(scenario.title, serverTable(results, scenario.baseline));
  }
  if (options.write) updatePage("frameworks", report.text);
}

function measureRouter(options) {
  const report = new Report(words);
  for (const size of [30, 1_000]) {
    report.add(`The last of ${size} routes`, routerTable(measureRouters(size, options.rounds)));
  }
  if (options.write) updatePage("router", report.text);
}

async function showProfile(options) {
  const [kept] = options.frameworks ? frameworkScenarios() : scenarios({ compare: undefined, peers: false });
  process.stdout.write(await profile(kept, options, folder));
}
