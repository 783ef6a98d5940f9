// An application in one worker model, for bench/workers.js: its first word says which, its second how long it computes.

import cluster from "node:cluster";
import { serve } from "../../dist/serve.js";

const [model = "single", rounds = "0", port = "0"] = process.argv.slice(2);

const application = (_environ, startResponse) => {
  let sum = 0;
  for (let round = 0; round < Number(rounds); round++) sum = (sum * 31 + round) % 1_000_003;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [String(sum)];
};

const options = { protocol: "http", bindAddress: { host: "127.0.0.1", port: Number(port) } };

if (model === "round-robin" && cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.fork();
  cluster.fork();
  process.on("SIGTERM", () => process.exit());
} else if (model === "round-robin") {
  // Not exclusive, as postern's own listening is: that is what the primary hands connections out for.
  const { createServer } = await import("../../dist/servers/http.js");
  createServer(application).server.listen(Number(port), "127.0.0.1");
} else {
  await serve(application, { ...options, workers: model, maxChildren: 2, maxThreads: 2 }).run();
}
