// What every backend does besides serving: it says that it listens, and how much memory it has in use. Its CPU time is read
// from outside: to read it here would take some of it, and of instructions as many as some hundred requests.

import { setImmediate as turn } from "node:timers/promises";

/** Says that this process listens, and answers each message with the bytes that can be reached in it. */
export function reportReady() {
  process.on("message", async () => {
    process.send(await reachableBytes());
  });
  process.on("disconnect", () => process.exit());
  process.send("listening");
}

/** Wants `--expose-gc`. What closes, or waits for a turn, is given time to end. */
async function reachableBytes() {
  for (let count = 0; count < 5; count++) {
    await turn();
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
