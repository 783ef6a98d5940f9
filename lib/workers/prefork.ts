// The worker model `prefork`: several processes, each of which has loaded the application for itself. This process looks
// after them; prefork/child.ts is what runs in each.

import type { Socket } from "node:net";
import { GatewayError } from "../errors.ts";
import { misassigned } from "./assignment.ts";
import { Pool } from "./prefork/pool.ts";
import { acceptSockets, shareSockets } from "./prefork/pool-sockets.ts";
import { sizesOf } from "./prefork/sizes.ts";
import { graceOf } from "./wind-down.ts";
import type { WorkerModel } from "./workers.ts";

/** Options of Node that bring the main script with them. */
const SCRIPT_OPTIONS = /^(-e|-p|-pe|--eval|--print)(=|$)/;

export const start: WorkerModel = async (job, options) => {
  // What is wrong with options is said before anything is bound.
  const sizes = sizesOf(options);
  graceOf(options);
  checkScript();
  // Nobody serves here, but a protocol has something to say about where that may be.
  const { mayListenOn } = job.createServer(job.application);
  let take: (socket: Socket) => void = (socket) => socket.destroy();
  const sockets =
    sizes.minSpare === 0
      ? await acceptSockets(mayListenOn, options, (socket) => take(socket))
      : await shareSockets(mayListenOn, options);
  const pool = new Pool(job, options, sizes, sockets);
  take = (socket) => pool.accept(socket);
  const giveUp = (): void => void pool.stop();
  job.stopping.addEventListener("abort", giveUp);
  await pool.open();
  job.stopping.removeEventListener("abort", giveUp);
  return pool;
};

/** Children are the main script once more, so there has to be one, and it has to know them for what they are. */
function checkScript(): void {
  if (misassigned) {
    throw new GatewayError(
      "PREFORK",
      "a worker has to be started by its server itself, and something stands between them; start node itself, without a wrapper",
    );
  }
  if (process.argv[1] !== undefined || process.execArgv.some((option) => SCRIPT_OPTIONS.test(option))) return;
  throw new GatewayError(
    "PREFORK",
    'workers "prefork" run the main script once more in each process, and there is none; put the program into a file',
  );
}
