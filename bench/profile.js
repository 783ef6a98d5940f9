// Where a server's CPU time goes under load.

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.js";
import { measure, start } from "./side-by-side.js";
import { table } from "./table.js";

const SHOWN = 40;

/**
 * Prints the functions with the most time of their own, of a scenario's first server.
 *
 * @param {import("./side-by-side.js").Scenario} scenario
 * @param {import("./parts.js").Bench} bench
 */
export async function profile(scenario, { options, folder }) {
  const [definition] = scenario.servers;
  const profiles = mkdtempSync(join(folder, "profile-"));
  const load = new Child("load.js");
  const nodeOptions = ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${profiles}`];
  const server = await start(definition, folder, nodeOptions);
  try {
    await measure(server, scenario, load, options.warmUpSeconds + options.seconds * options.rounds);
  } finally {
    await Promise.all([load.stop(), server.stop()]);
  }
  const [file] = readdirSync(profiles);
  const text = selfTimes(JSON.parse(readFileSync(join(profiles, file), "utf8")));
  process.stdout.write(`\n### ${scenario.title}: ${definition.name}\n\n${text}`);
}

function selfTimes({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const times = new Map();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id);
    if (name.startsWith("(idle)")) continue;
    busy += timeDeltas[index];
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
  }
  const rows = [...times].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  return table(
    ["function", "own time, %"],
    rows.map(([name, time]) => [name, ((100 * time) / busy).toFixed(1)]),
  );
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName || "(anonymous)";
  return url === "" ? name : `${name} ${url.replace(/^.*\/dist\//, "")}:${lineNumber + 1}`;
}
