// A thread of a pool, from the inside: the script that the main thread runs has come to a server here too. Where it is the
// one that the thread is there for, requests come from the pool; any other is left to the main thread.

import { getHeapStatistics } from "node:v8";
import type { MessagePort } from "node:worker_threads";
import { addGatewayValues } from "../../gateway/environ.ts";
import { ErrorStream } from "../../gateway/error-stream.ts";
import { reopenLogFiles } from "../../gateway/log-file.ts";
import { type PoolStatus, provideStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import { respond } from "../../gateway/respond.ts";
import type { Application } from "../../gateway/types.ts";
import { emptyEnviron } from "../../gateway/variables.ts";
import { logStrayErrors } from "../stray-errors.ts";
import type { WorkerJob, Workers } from "../workers.ts";
import { EnvironUnpacker, type PackedEnviron } from "./environ.ts";
import type { ThreadIdentity } from "./identity.ts";
import { ThreadInput } from "./input.ts";
import {
  FromThread,
  type MessageFromThread,
  type MessageToThread,
  type RequestNews,
  reviveError,
  ToThread,
} from "./messages.ts";
import { ThreadResponse } from "./response.ts";

/** How often a thread says how much memory it has, in milliseconds. */
const MEMORY_NEWS_MS = 1_000;

/** What a worker model starts in a thread, whichever model it is. */
export async function startInside(identity: ThreadIdentity, job: WorkerJob): Promise<Workers> {
  if (job.server === identity.server) return new Inside(identity.port, job).start();
  // The script waits for this one as it does in the main thread, where it may not listen yet.
  const addresses = identity.addresses.get(job.server) ?? (await new Promise<never>(() => {}));
  return { addresses, stop: async () => {}, stopNow: () => {} };
}

/** The request that a thread has, or had last. */
interface Current {
  readonly id: number;
  readonly input: ThreadInput;
  readonly response: ThreadResponse;
  readonly cancellation: AbortController;
}

class Inside {
  readonly #port: MessagePort;
  readonly #application: Application;
  readonly #unpacker = new EnvironUnpacker();
  readonly #askers: ((status: PoolStatus) => void)[] = [];
  #current: Current | undefined;
  #memorySaidAt = Number.NEGATIVE_INFINITY;
  #onListening: (addresses: readonly Address[]) => void = () => {};
  #onStop: () => void = () => {};

  constructor(port: MessagePort, { application, log }: WorkerJob) {
    this.#port = port;
    this.#application = application;
    logStrayErrors(log);
  }

  async start(): Promise<Workers> {
    const stopped = new Promise<void>((resolve) => {
      this.#onStop = resolve;
    });
    const listening = new Promise<readonly Address[]>((resolve) => {
      this.#onListening = resolve;
    });
    const forget = provideStatus(() => this.#askStatus());
    this.#port.on("message", this.#onMessage);
    this.#post([FromThread.Ready, this.#memoryNews()]);
    const addresses = await listening;
    return { addresses, role: "worker", told: stopped.then(forget), stop: async () => {}, stopNow: () => {} };
  }

  readonly #onMessage = (message: MessageToThread): void => {
    switch (message[0]) {
      case ToThread.Request:
        this.#run(message[1], message[2]);
        return;
      case ToThread.Listening:
        this.#onListening(message[1]);
        return;
      case ToThread.Status:
        this.#askers.shift()?.(message[1]);
        return;
      case ToThread.Stop:
        // What keeps the thread from now on is the application's.
        this.#port.close();
        this.#onStop();
        return;
      case ToThread.ReopenLogs:
        reopenLogFiles();
        return;
      default:
        this.#hear(message);
    }
  };

  #run(id: number, packed: PackedEnviron): void {
    const environ = emptyEnviron();
    this.#unpacker.unpack(packed, environ);
    const input = new ThreadInput(
      () => this.#post([FromThread.WantInput, id]),
      () => this.#post([FromThread.DropInput, id]),
    );
    const cancellation = new AbortController();
    addGatewayValues(environ, {
      input,
      errors: new ErrorStream((bytes) => this.#post([FromThread.Errors, id, new Uint8Array(bytes)])),
      cancellation,
      multithread: environ["wsgi.multithread"],
      multiprocess: environ["wsgi.multiprocess"],
      runOnce: environ["wsgi.run_once"],
    });
    const response = new ThreadResponse(this.#port, id);
    const current = { id, input, response, cancellation };
    this.#current = current;
    const onError = (error: unknown): void => response.fail(error);
    const running = respond(this.#application, environ, response, { onError });
    if (running === undefined) this.#finish(current);
    else void running.then(() => this.#finish(current));
  }

  /** The end of a long response may still wait for room. */
  #finish({ input, response }: Current): void {
    input.leave();
    response.finish(this.#memoryNews());
  }

  /** News of the request that it has; what comes too late concerns nobody. */
  #hear(message: RequestNews): void {
    const current = this.#current;
    if (current?.id !== message[1]) return;
    switch (message[0]) {
      case ToThread.Input:
        current.input.give(message[2]);
        return;
      case ToThread.InputEnd:
        current.input.finish();
        return;
      case ToThread.InputError:
        current.input.fail(reviveError(message[2]));
        return;
      case ToThread.Credit:
        current.response.credit(message[2]);
        return;
      case ToThread.Abort:
        current.cancellation.abort(reviveError(message[2]));
        return;
      case ToThread.Leave:
        current.response.leave();
        return;
    }
  }

  #askStatus(): Promise<PoolStatus> {
    return new Promise((resolve) => {
      this.#askers.push(resolve);
      this.#post([FromThread.Status]);
    });
  }

  /** The heap in bytes; 0 where that was said a moment ago. */
  #memoryNews(): number {
    const now = performance.now();
    if (now - this.#memorySaidAt < MEMORY_NEWS_MS) return 0;
    this.#memorySaidAt = now;
    return getHeapStatistics().total_physical_size;
  }

  #post(message: MessageFromThread): void {
    this.#port.postMessage(message);
  }
}
