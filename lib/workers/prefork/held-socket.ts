import { Worker } from "node:worker_threads";
import { GatewayError } from "../../errors.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import type { BindAddress, WorkerOptions } from "../options.ts";
import { type FromThread, Step, type ThreadTask } from "./socket-steps.ts";

/** How long the main thread waits for a bind, which does not take long, in milliseconds. */
const BIND_MS = 5_000;

/**
 * A listening socket that this process holds without accepting on it, for its children to share. It is in its place as long
 * as this process lives, whatever becomes of them.
 */
export class HeldSocket {
  readonly address: Address;
  readonly descriptor: number;
  readonly #release: () => Promise<void>;

  /**
   * @param bindAddress one address
   * @throws {GatewayError} as `listen` does, and `PREFORK` where the system does not tell which descriptor it is
   */
  static async listen(bindAddress: BindAddress, options: WorkerOptions): Promise<HeldSocket> {
    const { socketMode, socketGroup, umask, backlog } = options;
    const memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const step = new Int32Array(memory);
    const task: ThreadTask = {
      memory,
      // Without what cannot be sent to a thread, and is of no use there.
      options: JSON.parse(JSON.stringify({ bindAddress, socketMode, socketGroup, umask, backlog })),
    };
    // Nothing of what the application's own threads are started with.
    const thread = new Worker(new URL("socket-thread.js", import.meta.url), {
      workerData: task,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
    });
    const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
    const release = (): Promise<void> => {
      Atomics.store(step, 0, Step.Over);
      Atomics.notify(step, 0);
      return ended;
    };
    const { address, descriptor } = await listening(thread, step);
    thread.unref();
    if (descriptor !== undefined) return new HeldSocket(address, descriptor, release);
    await release();
    throw new GatewayError(
      "PREFORK",
      'workers "prefork" find their socket through /proc, which does not show it here; take workers "single", or minSpare: 0',
    );
  }

  private constructor(address: Address, descriptor: number, release: () => Promise<void>) {
    this.address = address;
    this.descriptor = descriptor;
    this.#release = release;
  }

  /** Closes it and removes the file of a unix socket, unless another process has put its own there. */
  release(): Promise<void> {
    return this.#release();
  }
}

function listening(
  thread: Worker,
  step: Int32Array,
): Promise<Extract<FromThread, { readonly type: "listening" }>> {
  return new Promise((resolve, reject) => {
    thread.on("message", (message: FromThread) => {
      switch (message.type) {
        case "umask":
          bindMasked(message.mask, step);
          return;
        case "listening":
          resolve(message);
          return;
        case "failed":
          reject(
            message.code === undefined
              ? new Error(message.message)
              : new GatewayError(message.code, message.message),
          );
          return;
      }
    });
    thread.once("error", reject);
  });
}

/** Has the umask in force while the thread binds, and nothing else of this process happens. */
function bindMasked(mask: number, step: Int32Array): void {
  const before = process.umask(mask);
  try {
    Atomics.store(step, 0, Step.Masked);
    Atomics.notify(step, 0);
    Atomics.wait(step, 0, Step.Masked, BIND_MS);
  } finally {
    process.umask(before);
  }
}
