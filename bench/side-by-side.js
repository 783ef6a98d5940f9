// Measures the servers of a scenario in turn, round after round, so that what disturbs the machine disturbs them all.

import { join } from "node:path";
import { Child } from "./child.js";
import { CONNECTIONS } from "./scenarios.js";
import { spread } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Spread} Spread
 * @typedef {object} Result one server's
 * @property {string} name
 * @property {Spread} requestsPerSecond
 * @property {Spread} cpuMicroseconds CPU time of the server's process for each request, user and system
 * @property {Spread} cpuRatio the same divided by the baseline's of the same round
 * @property {Spread} rateRatio requests per second divided by the baseline's of the same round
 */

/**
 * @param {import("./scenarios.js").Scenario} scenario
 * @param {import("./options.js").Options} options
 * @param {string} folder for sockets
 * @returns {Promise<Result[]>}
 */
export async function measureSideBySide(scenario, options, folder) {
  const load = new Child("load.js");
  const servers = [];
  try {
    for (const definition of scenario.servers) servers.push(await start(definition, folder));
    for (const server of servers) await measure(server, scenario, load, options.warmUpSeconds);
    for (let round = 0; round < options.rounds; round++) {
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(round + turn) % servers.length];
        server.measured.push(await measure(server, scenario, load, options.seconds));
      }
    }
  } finally {
    await Promise.all([load, ...servers.map(({ child }) => child)].map((child) => child.stop()));
  }
  const baseline = servers.find(({ definition }) => definition.name === scenario.baseline);
  return servers.map(({ definition, measured }) => ({
    name: definition.name,
    requestsPerSecond: spread(measured.map(rateOf)),
    cpuMicroseconds: spread(measured.map(({ cpu }) => cpu)),
    cpuRatio: spread(measured.map(({ cpu }, round) => cpu / baseline.measured[round].cpu)),
    rateRatio: spread(measured.map((one, round) => rateOf(one) / rateOf(baseline.measured[round]))),
  }));
}

function rateOf({ requests, seconds }) {
  return requests / seconds;
}

let started = 0;

/**
 * @param {import("./scenarios.js").Definition} definition
 * @param {string} folder for its socket
 * @param {string[]} [nodeOptions]
 */
export async function start(definition, folder, nodeOptions) {
  const path = join(folder, `${started++}.sock`);
  const child = new Child(definition.script, [path, ...definition.args], nodeOptions);
  await child.answer();
  return { definition, path, child, measured: [] };
}

/** One turn of one server. */
export async function measure({ definition, path, child }, { kept }, load, seconds) {
  const { protocol, request, bytesBehind } = definition;
  await load.ask({ open: { path, protocol, request, bytesBehind, kept, connections: CONNECTIONS } });
  const before = await child.ask("CPU time");
  const done = await load.ask({ seconds });
  const after = await child.ask("CPU time");
  return { ...done, cpu: (after - before) / done.requests };
}
