// A gateway application in a pool of threads, over postern's FastCGI server. Arguments: the socket's path, how many threads
// (0 for none: the worker model "single"), and for how many milliseconds each request computes.

import { isMainThread } from "node:worker_threads";
import { serve } from "postern/server";
import { reportCpuTime } from "./cpu-time.js";

const [bindAddress, threads, milliseconds] = process.argv.slice(2);
const rounds = Number(milliseconds) > 0 ? calibrate(Number(milliseconds)) : 0;

/** What a request computes: a number of its own for each round, so that nothing can be left out. */
function compute(count) {
  let sum = 0;
  for (let round = 0; round < count; round++) sum = (sum * 31 + round) % 1_000_003;
  return sum;
}

