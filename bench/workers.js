// Worker models side by side: what two processes or threads bring an application that computes, and what it costs to share
// a listening socket through the kernel (prefork) beside handing connections out (node:cluster, round robin).
//
//   node bench/workers.js        about a minute and a half; needs `npm run build`

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { spread } from "./statistics.js";

const SECONDS = 3;
const ROUNDS = 3;
const CONNECTIONS = 16;
/** About 3 ms of one CPU. */
const COMPUTING = "1000000";
const TICK_MS = 10;
let nextPort = 18_100;

const computing = await sideBySide(["single", "prefork", "threads"], COMPUTING, false);
print("An application that computes, requests/s", computing, ({ perSecond }) => perSecond.toFixed(0));
for (const kept of [false, true]) {
  const results = await sideBySide(["prefork", "round-robin"], "0", kept);
  const title = `${kept ? "Kept connections" : "A connection for each request"}, CPU µs a request`;
  print(title, results, ({ cpuMicros }) => cpuMicros.toFixed(0));
}

/** Rounds in turn, so that what disturbs the machine disturbs all. */
async function sideBySide(models, rounds, kept) {
  const results = new Map(models.map((model) => [model, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const model of models) results.get(model).push(await measure(model, rounds, kept));
  }
  return results;
}

async function measure(model, rounds, kept) {
  const port = nextPort++;
  const backend = new URL("backends/workers.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [backend, model, rounds, String(port)], { stdio: "ignore" });
  try {
    await listening(port);
    await load(port, kept, 1);
    const before = cpuMs(child.pid);
    const count = await load(port, kept, SECONDS);
    return {
      perSecond: count / SECONDS,
      cpuMicros: ((cpuMs(child.pid) - before) * 1_000) / count,
    };
  } finally {
    child.kill();
    await once(child, "exit");
  }
}

/** Asks on several connections at once, each again when it has its answer; gives how many answers came. */
async function load(port, kept, seconds) {
  const agent = new Agent({ keepAlive: kept, maxSockets: CONNECTIONS });
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const loop = async () => {
    while (performance.now() < end) {
      await new Promise((resolve, reject) => {
        const sent = request({ port, agent }, (response) => response.resume().on("end", resolve));
        sent.on("error", reject).end();
      });
      count++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  agent.destroy();
  return count;
}

async function listening(port) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      new Promise((resolve) => socket.once("error", () => resolve(false))),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await sleep(20);
  }
}

/** CPU time of a process and its children, user and system. Linux only. */
function cpuMs(pid) {
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "latin1")
        .replace(/^.*\)\s*/s, "")
        .split(" ");
      if (Number(name) === pid || Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * TICK_MS;
}

function print(title, results, figure) {
  console.log(title);
  for (const [model, rounds] of results) {
    const [first] = results.values();
    const ratio = spread(rounds.map((round, at) => Number(figure(round)) / Number(figure(first[at])))).median;
    console.log(`  ${model.padEnd(12)} ${rounds.map(figure).join("  ")}   ${ratio.toFixed(2)} of the first`);
  }
}
