// Large bodies through real web servers, beside a server that only copies. Memory is looked at as well: a body that is not
// read, or not taken, has to wait where it comes from.

import { Child } from "../child.js";
import { canCount, countInstructions } from "../instructions.js";
import { cpuTimeOf, forgetPeak, memoryOf, peakMemoryOf } from "../processes.js";
import { start, steady } from "../side-by-side.js";
import { ratios, spread, spreadOfCounted } from "../statistics.js";
import { table, written } from "../table.js";

const KB_PER_MB = 1_024;
/** All servers compile during the first five or six, which take up to ten times the instructions of those that follow. */
const WARM_UPS = 6;
/**
 * In a round, servers take turns with one transfer each, for what waits in a queue for one of a few processors changes from one to
 * the next: at least so many of each, and more until so many seconds are over.
 */
const TRANSFERS = 2;
const ROUND_SECONDS = 12;
/** Instructions hardly differ from round to round, and take a transfer of their own: they are counted in each second round. */
const COUNTED = 2;

const POSTERN = "postern";
const COPYING = "copying only";
const FRAMING = "framing only";

const kinds = [
  { name: POSTERN, server: "postern", protocol: "fastcgi" },
  { name: COPYING, server: "copying", protocol: "fastcgi" },
  { name: FRAMING, server: "framing", protocol: "fastcgi" },
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
      const started = await start({ name, script: "backends/streams.js", args, front }, folder, steady);
      servers.push(started);
      // What the first ones load and compile is no cost of those that follow.
      for (let count = 0; count < WARM_UPS; count++)
        await client.ask({ path: started.path, direction, bytes });
      started.idle = memoryOf(started.child.pid);
      forgetPeak(started.child.pid);
    }
    const ask = (server) => client.ask({ path: server.path, direction, bytes });
    for (let round = 0; round < options.rounds; round++) {
      const transfers = servers.map(() => []);
      const lasting =
        options.warmUpSeconds > 0 ? Math.max(ROUND_SECONDS, options.seconds * servers.length) : 0;
      const over = performance.now() + lasting * 1_000;
      for (let turn = 0; turn < TRANSFERS || performance.now() < over; turn++)
        for (const place of servers.keys()) {
          const at = (round + turn + place) % servers.length;
          transfers[at].push(await transfer(servers[at], ask));
        }
      for (const [at, server] of servers.entries())
        server.rounds.push({
          seconds: spread(transfers[at].map(figures.seconds)).median,
          cpu: spread(transfers[at].map(figures.cpu)).median,
          instructions:
            canCount && round % COUNTED === 0
              ? await countInstructions(server.child.pid, () => ask(server))
              : undefined,
        });
    }
    return servers.map(({ definition, rounds, idle, child }) => ({
      name: definition.name,
      rounds,
      grown: (peakMemoryOf(child.pid) - idle) / KB_PER_MB,
    }));
  } finally {
    await client.stop();
    for (const server of servers) await server.stop();
  }
}

const figures = {
  seconds: ({ seconds }) => seconds,
  cpu: ({ cpu }) => cpu,
  instructions: ({ instructions }) => instructions,
};

/** Seconds, and milliseconds of the server's CPU time. */
async function transfer(server, ask) {
  const before = cpuTimeOf(server.child.pid);
  const seconds = await ask(server);
  return { seconds, cpu: (cpuTimeOf(server.child.pid) - before) / 1_000 };
}

function transferTable(results) {
  const copying = results.find(({ name }) => name === COPYING);
  const beside = (one, figure) => (one === copying ? "1" : written(spread(ratios(one, copying, figure)), 2));
  return table(
    [
      "server",
      "ms",
      `beside ${COPYING}`,
      "CPU ms",
      `beside ${COPYING}`,
      "million instructions",
      "peak above idle, MB",
    ],
    results.map((one) => {
      const instructions = spreadOfCounted(one.rounds.map(figures.instructions));
      return [
        one.name,
        written(spread(one.rounds.map(({ seconds }) => seconds * 1_000)), 0),
        beside(one, figures.seconds),
        written(spread(one.rounds.map(figures.cpu)), 0),
        beside(one, figures.cpu),
        instructions === undefined ? "–" : (instructions.median / 1e6).toFixed(0),
        one.grown.toFixed(0).replace("-0", "0"),
      ];
    }),
  );
}

function addTargets(report, results, where) {
  const named = (name) => results.find((result) => result.name === name);
  const [ours, copying, framing] = [POSTERN, COPYING, FRAMING].map(named);
  const figure = (one) => ({
    measured: spread(ratios(one, copying, figures.seconds)),
    cpuTime: spread(ratios(one, copying, figures.cpu)),
  });
  report.target({
    ...figure(ours),
    what: `${where}${POSTERN}, time beside ${COPYING}`,
    limit: 1.1,
    floor: { ...figure(framing), name: FRAMING },
  });
  report.target({
    what: `${where}${POSTERN}, peak above idle`,
    limit: 50,
    unit: " MB",
    digits: 0,
    measured: spread([ours.grown]),
  });
}
