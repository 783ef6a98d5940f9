// A gateway application over FastCGI in one worker model. Arguments: the socket's path, the model (`round-robin` is
// node:cluster's own way), and how many steps each request computes.

import cluster from "node:cluster";
import { isMainThread } from "node:worker_threads";
import { serve } from "postern/server";
import { createServer } from "../../dist/servers/fcgi.js";
import { reportReady } from "./ready.js";

const WORKERS = 2;

const [bindAddress, model, steps] = process.argv.slice(2);
const rounds = Number(steps);
let value = 1;

function application(_environ, startResponse) {
  // Each step needs the one before, so that none can be left out.
  for (let round = 0; round < rounds; round++) value = (value * 48_271 + round) % 2_147_483_647;
  startResponse("200 OK", [
    ["Content-Type", "text/plain"],
    ["Content-Length", "13"],
  ]);
  return ["Hello, World!"];
}

/** Processes get their connections from the first one, which accepts them. */
async function roundRobin() {
  // postern's own listening asks for a socket that is not handed out.
  if (cluster.isWorker) return createServer(application).server.listen(bindAddress);
  cluster.schedulingPolicy = cluster.SCHED_RR;
  for (let worker = 0; worker < WORKERS; worker++) cluster.fork();
  let listening = 0;
  await new Promise((resolve) => cluster.on("listening", () => ++listening === WORKERS && resolve()));
}

// The first process has set it for those that it starts.
process.env["BENCH_MASTER"] ??= String(process.pid);
const isMaster = isMainThread && process.env["BENCH_MASTER"] === String(process.pid);

if (model === "round-robin") await roundRobin();
else {
  const options = {
    protocol: "fcgi",
    bindAddress,
    workers: model,
    maxThreads: WORKERS,
    maxChildren: WORKERS,
  };
  await serve(application, options).listening;
}
if (isMaster) reportReady();
