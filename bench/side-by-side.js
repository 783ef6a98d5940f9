// Measures the servers of a scenario in turn, round after round, so that what disturbs the machine disturbs them all.

import { join } from "node:path";
import { Child } from "./child.js";
import { startFront } from "./fronts.js";
import { canCount, countInstructions } from "./instructions.js";
import { cpuTimeOf } from "./processes.js";
import { Program } from "./program.js";
import { spread } from "./statistics.js";

/**
 * @typedef {object} Definition one server
 * @property {string} name
 * @property {string} [script] of Node, whose first argument is the socket's path
 * @property {string[]} [args] behind that
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
 * @property {number} [turns] of each server in a round ({@link TURNS})
 * @property {boolean} [counted] whether instructions are counted as well (true)
 * @property {Definition[]} servers
 *
 * @typedef {object} Round
 * @property {number} requests
 * @property {number} seconds
 * @property {number} cpu CPU time of the server's processes for each request, user and system, in microseconds
 * @property {number | undefined} p99 milliseconds within which 99 of 100 requests were answered
 * @property {number | undefined} instructions for each request, in user mode
 *
 * @typedef {object} Result one server's
 * @property {string} name
 * @property {Round[]} rounds
 */

const CONNECTIONS = 32;

/**
 * Of Node, while servers take turns: in a process that has had nothing to do for some seconds V8 collects all garbage, and drops
 * compiled code with it. Its next requests would cost several times as much, in one turn and not in another.
 */
export const steady = ["--no-memory-reducer"];

/**
 * @param {Scenario} scenario
 * @param {import("./parts.js").Bench} bench
 * @returns {Promise<Result[]>}
 */
export async function measureSideBySide(scenario, { options, folder }) {
  const load = new Child("load.js");
  const servers = [];
  try {
    for (const definition of scenario.servers) servers.push(await start(definition, folder, steady));
    for (const server of servers) await warmUp(server, scenario, load, options.warmUpSeconds);
    for (let round = 0; round < options.rounds; round++)
      await measureRound(servers, scenario, load, options, round);
  } finally {
    await load.stop();
    for (const server of servers) await server.stop();
  }
  return servers.map(({ definition, rounds }) => ({ name: definition.name, rounds }));
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
      ? new Child(script, [path, ...args], nodeOptions)
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
  return { definition, path: before?.path ?? path, child, rounds: [], stop };
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

/** Turns of a server in a round, which is as long as all of them: the machine changes within a round too. */
const TURNS = 4;

async function measureRound(servers, scenario, load, { seconds, warmUpSeconds }, round) {
  const { turns = TURNS, counted = true } = scenario;
  const count = warmUpSeconds > 0 ? turns : 1;
  const measured = servers.map(() => []);
  for (let turn = 0; turn < count; turn++)
    for (const place of servers.keys()) {
      const at = (round + turn + place) % servers.length;
      const server = servers[at];
      measured[at].push(await measure(server, scenario, load, seconds / count));
      if (turn < count - 1) continue;
      const instructions = counted ? await countTurn(server, load, seconds) : undefined;
      server.rounds.push({ ...together(measured[at]), instructions });
    }
}

/** Turns of one server as one. */
function together(turns) {
  const sum = (figure) => turns.reduce((total, turn) => total + figure(turn), 0);
  const requests = sum((turn) => turn.requests);
  return {
    requests,
    seconds: sum((turn) => turn.seconds),
    cpu: sum((turn) => turn.cpu * turn.requests) / requests,
    p99: turns[0].p99 === undefined ? undefined : spread(turns.map(({ p99 }) => p99)).median,
  };
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

/**
 * Instructions are counted behind the last turn, for a part of a round's time, on the connections that it has opened: to be counted
 * costs a server some CPU time.
 */
const COUNTED = 0.3;

/** @returns {Promise<number | undefined>} for each request */
async function countTurn({ child }, load, seconds) {
  if (!canCount) return undefined;
  let requests = 0;
  const count = await countInstructions(child.pid, async () => {
    ({ requests } = await load.ask({ seconds: seconds * COUNTED }));
  });
  return count === undefined ? undefined : count / requests;
}
