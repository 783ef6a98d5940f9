// A thread that listens on one address and accepts nothing: it blocks before its event loop turns for the first time. Node
// offers no other way to have a listening socket without accepting on it, and closes the one of node:cluster when the last
// worker has gone.

import { createServer } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { GatewayError } from "../../errors.ts";
import { listeningDescriptors } from "../inherited-socket.ts";
import { listen } from "../listen.ts";
import type { WithUmask } from "../unix-socket.ts";
import { type FromThread, Step, type ThreadTask } from "./socket-steps.ts";

const { options, memory } = workerData as ThreadTask;
const step = new Int32Array(memory);
const port = parentPort as MessagePort;

/** Only the main thread may set the umask of the process; it waits until the socket is bound. */
const masked: WithUmask = (mask, bind) => {
  tell({ type: "umask", mask });
  Atomics.wait(step, 0, Step.Begun);
  try {
    bind();
  } finally {
    Atomics.store(step, 0, Step.Bound);
    Atomics.notify(step, 0);
  }
};

function tell(message: FromThread): void {
  port.postMessage(message);
}

try {
  const before = listeningDescriptors();
  const server = createServer();
  const drain = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  const [listener] = await listen(() => ({ server, drain, abort: () => {} }), options, masked);
  // Nothing may be awaited from here on: the event loop would accept connections.
  const address = listener?.address ?? { path: "" };
  const place = "path" in address ? address.path : address.port;
  const own = [...listeningDescriptors()].find(([fd, where]) => where === place && !before.has(fd));
  tell({ type: "listening", address, descriptor: own?.[0] });
  while (Atomics.load(step, 0) !== Step.Over) Atomics.wait(step, 0, Atomics.load(step, 0));
  await listener?.drain();
} catch (error) {
  const { message } = error as Error;
  tell({ type: "failed", code: error instanceof GatewayError ? error.code : undefined, message });
}
