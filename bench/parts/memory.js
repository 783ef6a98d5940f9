// What connections and requests leave in memory.

import { Child } from "../child.js";
import { goServer } from "../other-languages.js";
import { memoryOf } from "../processes.js";
import { fastcgiRequest, nodeFastcgi, nodeHttp, plainParser, postern } from "../servers.js";
import { measure, start } from "../side-by-side.js";
import { spread } from "../statistics.js";
import { table, written } from "../table.js";

/** What no growth means: a collector leaves this much more or less. */
const GROWTH_MB = 1;

const BYTES_PER_KB = 1_024;

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  await measureConnections(bench, report);
  await measureGrowth(bench, report);
}

async function measureConnections(bench, report) {
  const { options, peers } = bench;
  const definitions = [postern("fastcgi", fastcgiRequest("kept")), plainParser("kept"), nodeHttp("kept")];
  if (peers.npm("node-fastcgi")) definitions.push(nodeFastcgi("kept"));
  const { go } = peers;
  if (go !== undefined) definitions.push(goServer(go, fastcgiRequest("kept")));
  const results = definitions.map(({ name }) => ({ name, rounds: [] }));
  for (let round = 0; round < options.rounds; round++)
    for (const [at, definition] of definitions.entries())
      results[at].rounds.push(await sizesOfConnections(definition, bench));
  const sizes = results.map(({ name, rounds }) => ({
    name,
    resident: spread(rounds.map(({ resident }) => resident)),
    reachable: spread(rounds.map(({ reachable }) => reachable)),
  }));
  report.add(
    `${options.connections} idle connections`,
    table(
      ["server", "KB of memory a connection", "of that reachable in JavaScript"],
      sizes.map(({ name, resident, reachable }) => [
        name,
        written(resident, 1),
        Number.isNaN(reachable.median) ? "–" : written(reachable, 1),
      ]),
    ),
  );
  const [{ resident }] = sizes;
  report.target({ what: "A kept idle connection", limit: 14, unit: " KB", digits: 1, measured: resident });
}

/** In a process of its own each time, since memory that was in use once stays with a process. */
async function sizesOfConnections(definition, { options, folder }) {
  const load = new Child("load.js");
  const server = await start(definition, folder, nodeOptionsOf(definition));
  try {
    const { protocol, request, bytesBehind = 0 } = definition;
    const target = { path: server.path, protocol, request, bytesBehind, kept: true, latencies: false };
    const oneRequestOnEach = async (connections) => {
      await load.ask({ open: { ...target, connections } });
      await load.ask({ each: true });
      return sizeOf(server);
    };
    const before = await oneRequestOnEach(1);
    const after = await oneRequestOnEach(options.connections);
    return {
      resident: (after.resident - before.resident) / options.connections,
      reachable: (after.reachable - before.reachable) / options.connections,
    };
  } finally {
    await load.stop();
    await server.stop();
  }
}

async function measureGrowth({ options, folder }, report) {
  const definition = postern("fastcgi", fastcgiRequest("kept"));
  const load = new Child("load.js");
  const server = await start(definition, folder, nodeOptionsOf(definition));
  try {
    const until = async (total) => {
      for (let done = 0; done < total; ) {
        const seconds = Math.min(options.seconds, 1);
        done += (await measure(server, { kept: true }, load, seconds)).requests;
      }
      await load.ask({ close: true });
      return (await sizeOf(server)).reachable / BYTES_PER_KB;
    };
    const before = await until(options.requests / 5);
    const grown = (await until(options.requests)) - before;
    report.add(
      `${options.requests} requests`,
      table(
        ["server", "MB before", "MB more behind them"],
        [["postern", written(spread([before]), 1), written(spread([grown]), 1)]],
      ),
    );
    report.target({
      what: `Memory that ${options.requests} requests leave behind`,
      limit: GROWTH_MB,
      unit: " MB",
      digits: 1,
      measured: spread([grown]),
    });
  } finally {
    await load.stop();
    await server.stop();
  }
}

function nodeOptionsOf({ script }) {
  return script === undefined ? [] : ["--expose-gc"];
}

/** In KB: what a process has of the machine's memory, and what its JavaScript can reach, once the rest was collected. */
async function sizeOf({ child, definition }) {
  const reachable = definition.script === undefined ? Number.NaN : (await child.ask("memory")) / BYTES_PER_KB;
  return { resident: memoryOf(child.pid), reachable };
}
