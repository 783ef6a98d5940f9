// Large bodies through real web servers, beside a server that only copies. Memory is looked at as well: a body that is not
// read, or not taken, has to wait where it comes from.

import { Child } from "../child.js";
import { countInstructions } from "../instructions.js";
import { cpuTimeOf, forgetPeak, memoryOf, peakMemoryOf } from "../processes.js";
import { start } from "../side-by-side.js";
import { spread } from "../statistics.js";
import { table, written } from "../table.js";

const KB_PER_MB = 1_024;
/** All servers compile during the first five or six, which take up to ten times the instructions of those that follow. */
const WARM_UPS = 8;

const kinds = [
  { name: "postern", server: "postern", protocol: "fastcgi" },
  { name: "copying only", server: "copying", protocol: "fastcgi" },
  { name: "node:http", server: "http", protocol: "http" },
];

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  for (const program of ["lighttpd", "nginx"]) {
    if (!bench.peers.front(program)) continue;
    for (const direction of ["up", "down"]) {
      const results = await measureTransfers(bench, program, direction);
      const { megabytes } = bench.options;
      report.add(`${megabytes} MB ${direction} through ${program}`, transferTable(results));
      addTargets(report, results, `${megabytes} MB ${direction} through ${program}: `);
    }
  }
}

async function measureTransfers({ options, folder }, program, direction) {
  const bytes = options.megabytes * 1_000_000;
  const client = new Child("transfer.js");
  const servers = [];
  try {
    for (const { name, server, protocol } of kinds) {
      const args = [server, `${bytes}`];
      const front = { program, protocol };
      const started = await start({ name, script: "backends/streams.js", args, front }, folder);
      servers.push(started);
      // What the first ones load and compile is no cost of those that follow.
      for (let count = 0; count < WARM_UPS; count++)
        await client.ask({ path: started.path, direction, bytes });
      started.idle = memoryOf(started.child.pid);
      forgetPeak(started.child.pid);
    }
    for (let round = 0; round < options.rounds; round++)
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(round + turn) % servers.length];
        // V8 has dropped compiled code while the others had their turn.
        await client.ask({ path: server.path, direction, bytes });
        const before = cpuTimeOf(server.child.pid);
        const times = [];
        const over = performance.now() + options.seconds * 1_000;
        do times.push(await client.ask({ path: server.path, direction, bytes }));
        while (performance.now() < over);
        const cpu = cpuTimeOf(server.child.pid) - before;
        const sum = times.reduce((seconds, one) => seconds + one, 0);
        server.rounds.push({ seconds: sum / times.length, cpu: cpu / 1_000 / times.length });
      }
    for (const server of servers)
      server.instructions = await countInstructions(server.child.pid, () =>
        client.ask({ path: server.path, direction, bytes }),
      );
    return servers.map(({ definition, rounds, instructions, idle, child }) => ({
      name: definition.name,
      rounds,
      instructions,
      grown: (peakMemoryOf(child.pid) - idle) / KB_PER_MB,
    }));
  } finally {
    await client.stop();
    for (const server of servers) await server.stop();
  }
}

const figures = { seconds: ({ seconds }) => seconds, cpu: ({ cpu }) => cpu };

function transferTable(results) {
  const beside = (one, figure) => written(spread(ratiosOf(one, results[1], figure)), 2);
  return table(
    [
      "server",
      "ms",
      "beside copying only",
      "CPU ms",
      "beside copying only",
      "million instructions",
      "peak above idle, MB",
    ],
    results.map((one) => [
      one.name,
      written(spread(one.rounds.map(({ seconds }) => seconds * 1_000)), 0),
      beside(one, figures.seconds),
      written(spread(one.rounds.map(figures.cpu)), 0),
      beside(one, figures.cpu),
      one.instructions === undefined ? "–" : (one.instructions / 1e6).toFixed(0),
      one.grown.toFixed(0),
    ]),
  );
}

function ratiosOf(one, other, figure) {
  return one.rounds.map((round, index) => figure(round) / figure(other.rounds[index]));
}

function addTargets(report, [ours, copying], where) {
  report.target({
    what: `${where}postern, time beside copying only`,
    limit: 1.1,
    measured: spread(ratiosOf(ours, copying, figures.seconds)),
  });
  report.target({
    what: `${where}postern, peak above idle`,
    limit: 50,
    unit: " MB",
    digits: 0,
    measured: spread([ours.grown]),
  });
}
