// Where the FastCGI server's CPU time goes under the load of kept connections.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.js";
import { measure, start } from "./side-by-side.js";
import { table } from "./table.js";

const SHOWN = 40;

/**
 * @param {import("./scenarios.js").Scenario} scenario
 * @param {import("./options.js").Options} options
 * @param {string} folder for the socket and the profile
 * @returns {Promise<string>} the functions with the most time of their own
 */
export async function profile(scenario, options, folder) {
  const [definition] = scenario.servers;
  const load = new Child("load.js");
  const nodeOptions = ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`];
  const server = await start(definition, folder, nodeOptions);
  try {
    await measure(server, scenario, load, options.warmUpSeconds + options.seconds * options.rounds);
  } finally {
    await Promise.all([load.stop(), server.child.stop()]);
  }
  const file = readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
  return selfTimes(JSON.parse(readFileSync(join(folder, file), "utf8")));
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
