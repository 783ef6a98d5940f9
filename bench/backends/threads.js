// A gateway application over postern's FastCGI server. Arguments: the socket's path, how many threads answer (0 for the main
// thread alone), and how many steps each request computes.

import { isMainThread } from "node:worker_threads";
import { serve } from "postern/server";
import { reportCpuTime } from "./cpu-time.js";

const [bindAddress, threads, steps] = process.argv.slice(2);
const workers = threads === "0" ? { workers: "single" } : { workers: "threads", maxThreads: Number(threads) };
const rounds = Number(steps);
let value = 1;

const server = serve(
  (_environ, startResponse) => {
    // Each step needs the one before, so that none can be left out.
    for (let round = 0; round < rounds; round++) value = (value * 48_271 + round) % 2_147_483_647;
    startResponse("200 OK", [
      ["Content-Type", "text/plain"],
      ["Content-Length", "13"],
    ]);
    return ["Hello, World!"];
  },
  { protocol: "fcgi", bindAddress, ...workers },
);
await server.listening;
if (isMainThread) reportCpuTime();
