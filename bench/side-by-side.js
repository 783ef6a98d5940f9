// Measures the servers of a scenario in turn, round after round, so that what disturbs the machine disturbs them all.

import { join } from "node:path";
import { Child } from "./child.js";
import { startFront } from "./fronts.js";
import { countInstructions } from "./instructions.js";
import { cpuTimeOf } from "./processes.js";
import { Program } from "./program.js";

/**
 * @typedef {object} Definition one server
 * @property {string} name
 * @property {string} [script] of Node, whose first argument is the socket's path
 * @property {string[]} [args] behind that
 * @property {string[]} [nodeOptions]
 * @property {(path: string) => string[]} [command] a program in its place
 * @property {"fastcgi" | "http" | "scgi" | "uwsgi" | "ajp"} protocol
 * @property {Buffer} request
 * @property {boolean} [kept] whether it keeps connections, where that is not as in the scenario
 * @property {number} [processes] that get requests (1)
 * @property {number} [bytesBehind] what the server sends behind the end of each response
 * @property {import("./fronts.js").Front} [front] a web server that stands in front of it, and gets the load
 *
 * @typedef {object} Scenario
 * @property {string} title
 * @property {boolean} kept whether the load keeps its connections
 * @property {boolean} [latencies] whether the time of each request is looked at
 * @property {boolean} [counted] whether instructions are counted as well (true)
 * @property {Definition[]} servers
 *
 * @typedef {object} Round
 * @property {number} requests
 * @property {number} seconds
 * @property {number} cpu CPU time of the server's processes for each request, user and system, in microseconds
 * @property {number | undefined} p99 milliseconds within which 99 of 100 requests were answered
 *
 * @typedef {object} Result one server's
 * @property {string} name
 * @property {Round[]} rounds
 * @property {number | undefined} instructions for each request, in user mode
 */

const CONNECTIONS = 32;

/**
 * @param {Scenario} scenario
 * @param {import("./parts.js").Bench} bench
 * @returns {Promise<Result[]>}
 */
export async function measureSideBySide(scenario, { options, folder }) {
  const load = new Child("load.js");
  const servers = [];
  try {
    for (const definition of scenario.servers) servers.push(await start(definition, folder));
    for (const server of servers) await warmUp(server, scenario, load, options.warmUpSeconds);
    for (let round = 0; round < options.rounds; round++) {
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(round + turn) % servers.length];
        await leadIn(server, scenario, load, options);
        server.rounds.push(await measure(server, scenario, load, options.seconds));
      }
    }
    for (const server of scenario.counted === false ? [] : servers) {
      let done;
      await leadIn(server, scenario, load, options);
      const count = await countInstructions(server.child.pid, async () => {
        done = await measure(server, scenario, load, options.seconds);
      });
      if (count !== undefined) server.instructions = count / done.requests;
    }
  } finally {
    await load.stop();
    for (const server of servers) await server.stop();
  }
  return servers.map(({ definition, rounds, instructions }) => ({
    name: definition.name,
    rounds,
    instructions,
  }));
}

let started = 0;

/**
 * @param {Definition} definition
 * @param {string} folder for its socket
 * @param {string[]} [nodeOptions]
 */
export async function start(definition, folder, nodeOptions = []) {
  const { script, args = [], command, front } = definition;
  const path = join(folder, `${started++}.sock`);
  const child =
    command === undefined
      ? new Child(script, [path, ...args], [...(definition.nodeOptions ?? []), ...nodeOptions])
      : new Program(command(path), path);
  let before;
  const stop = async () => {
    await before?.stop();
    await child.stop();
  };
  try {
    await child.answer();
    if (front !== undefined) before = await startFront(front, path, `${path}.front`, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return { definition, path: before?.path ?? path, child, rounds: [], instructions: undefined, stop };
}

/**
 * What V8 needs in each process to have compiled all that a request needs, on a machine that is slow as well. Behind half as
 * many, a connection for each request still takes a fifth more instructions.
 */
const WARM_UP_REQUESTS = 20_000;
const WARM_UP_TURNS = 5;

/** Loads a server for a time, and a few times more where its processes have hardly got anything to do. */
async function warmUp(server, scenario, load, seconds) {
  const { processes = 1 } = server.definition;
  const turns = seconds > 0 ? WARM_UP_TURNS * processes : 0;
  let done = 0;
  for (let turn = 0; turn < turns && done < WARM_UP_REQUESTS * processes; turn++)
    done += (await measure(server, scenario, load, seconds)).requests;
}

/**
 * While the others have their turn, V8 collects all garbage of a process that has nothing to do, and drops compiled code with it. So
 * each turn begins with some load that is not looked at, as long again for each process.
 */
const LEAD_IN = 0.5;

async function leadIn(server, scenario, load, { seconds, warmUpSeconds }) {
  const { processes = 1 } = server.definition;
  if (warmUpSeconds > 0) await measure(server, scenario, load, seconds * LEAD_IN * processes);
}

/** One turn of one server. */
export async function measure({ definition, path, child }, { kept, latencies = false }, load, seconds) {
  const { protocol, request, bytesBehind = 0 } = definition;
  await load.ask({
    open: {
      path,
      protocol,
      request,
      bytesBehind,
      kept: definition.kept ?? kept,
      latencies,
      connections: CONNECTIONS,
    },
  });
  const before = cpuTimeOf(child.pid);
  const done = await load.ask({ seconds });
  const after = cpuTimeOf(child.pid);
  return { ...done, cpu: (after - before) / done.requests };
}
