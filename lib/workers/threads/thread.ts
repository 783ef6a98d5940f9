// A worker thread as the main thread sees it: its life, and the one request that it has at a time.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { GatewayError } from "../../errors.ts";
import { Counters } from "../../gateway/counters.ts";
import type { PoolStatus, WorkerStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import type { Lifetime } from "../lifetime.ts";
import { EnvironPacker } from "./environ.ts";
import type { Exchange, ExchangeThread } from "./exchange.ts";
import { serverAddresses, startedAs } from "./identity.ts";
import {
  type AnswerMessage,
  FromThread,
  type MessageFromThread,
  type MessageToThread,
  reviveError,
  ToThread,
} from "./messages.ts";
import { reasonOf, startReasonOf } from "./reason.ts";

/** What a thread needs of its pool. */
export interface ThreadOwner {
  /** The server that it is there for, by its number. */
  readonly server: number;
  /** How long a thread may take until it can take requests, in milliseconds. */
  readonly startMs: number;
  /** How long an application may take, in milliseconds; 0 is no limit. */
  readonly requestTimeoutMs: number;
  /** Takes what an application writes to `wsgi.errors` behind its response. */
  writeErrors(bytes: Buffer): void;
  status(): Promise<PoolStatus>;
  /** It can take another request. */
  onFinished(thread: Thread): void;
  onEnd(thread: Thread, end: ThreadEnd): void;
}

/** How a thread that had been ready has ended. */
export interface ThreadEnd {
  /** Whether it was told to, was busy past its time, or ended by itself. */
  readonly kind: "told" | "overdue" | "crashed";
  readonly reason: string;
  /** Whether it took a request with it. */
  readonly busy: boolean;
}

/** How long an application that heard of its time-out may take to finish before its thread is ended, in milliseconds. */
const TIMEOUT_GRACE_MS = 250;

/** How long what an application has left open may keep its thread once that has been told to stop, in milliseconds. */
const LEFT_OPEN_MS = 10_000;

export class Thread implements ExchangeThread {
  readonly generation: number;
  readonly startedAt = Date.now();
  readonly counters = new Counters();
  /** Settles when it can take requests; rejects with a {@link GatewayError} when it has ended or was too slow before. */
  readonly ready: Promise<void>;
  /** When it was ready, by `performance.now()`. */
  readyAt: number | undefined;
  /** Node's number of it. */
  readonly number: number;

  readonly #owner: ThreadOwner;
  readonly #script: string;
  readonly #argv: string[];
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #packer = new EnvironPacker();
  readonly #lifetime: Lifetime;
  #state: WorkerStatus["state"] = "starting";
  /** Its heap, as it was said last. */
  #memoryBytes = 0;
  #resolveReady: () => void = () => {};
  #rejectReady: (error: GatewayError) => void = () => {};
  readonly #startDeadline: NodeJS.Timeout;
  #isLate = false;
  /** The request that it has, its number, and when it got it. */
  #exchange: Exchange | undefined;
  #id = 0;
  #began = 0;
  /** Runs while nobody waits for its response any more. */
  #deadline: NodeJS.Timeout | undefined;
  #overdue = false;
  #leftOpen: NodeJS.Timeout | undefined;
  /** What ended the thread, where it was an error. */
  #error: { readonly error: unknown } | undefined;

  /** @throws {GatewayError} `THREAD_START` when there is no script that it could run */
  constructor(owner: ThreadOwner, generation: number, lifetime: Lifetime) {
    const [, script, ...argv] = process.argv;
    if (script === undefined)
      throw new GatewayError("THREAD_START", "threads run the main script again, and this process has none");
    this.#script = script;
    this.#argv = argv;
    this.#owner = owner;
    this.generation = generation;
    this.#lifetime = lifetime;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    const { port1, port2 } = new MessageChannel();
    const { server, startMs } = owner;
    this.#port = port1;
    const own = { server, addresses: serverAddresses, port: port2 };
    this.#worker = new Worker(script, { argv, ...startedAs(own) });
    this.number = this.#worker.threadId;
    port1.on("message", this.#onMessage);
    this.#worker.on("error", (error) => {
      this.#error = { error };
    });
    this.#worker.on("exit", this.#onExit);
    this.#startDeadline = setTimeout(() => {
      this.#isLate = true;
      this.terminate();
    }, startMs);
  }

  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Whether it was told to end once it was ready. */
  get isStopping(): boolean {
    return this.#state === "stopping";
  }

  /** Whether it has answered so much, or needs so much memory, that another should take its place. */
  get isOver(): boolean {
    const { requests } = this.counters;
    return requests > 0 && this.#lifetime.over(requests, this.#memoryBytes) !== undefined;
  }

  get status(): WorkerStatus {
    return {
      pid: process.pid,
      thread: this.number,
      generation: this.generation,
      state: this.#state,
      startedAt: this.startedAt,
      memoryBytes: this.#memoryBytes,
      counters: this.counters.values(),
    };
  }

  /** Gives it a request. It must be ready and have none. */
  serve(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#id++;
    this.#began = this.counters.begin();
    this.send([ToThread.Request, this.#id, this.#packer.pack(exchange.environ)]);
    exchange.begin(this.#id, this);
  }

  /** Tells it where its server listens. */
  announce(addresses: readonly Address[]): void {
    this.send([ToThread.Listening, addresses]);
  }

  /** Lets it finish its request and end. */
  stop(): void {
    if (this.#state === "starting") this.terminate();
    if (this.#state === "stopping") return;
    this.#state = "stopping";
    if (!this.busy) this.#letEnd();
  }

  /** Ends it, whatever it does. */
  terminate(): void {
    if (this.#state === "ready") this.#state = "stopping";
    void this.#worker.terminate();
  }

  send(message: MessageToThread, moved: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, moved);
  }

  /** Counted from the moment at which it got the request: how long that had waited was not the application's fault. */
  onUnwanted(): void {
    const { requestTimeoutMs } = this.#owner;
    if (requestTimeoutMs === 0 || this.#deadline !== undefined || !this.busy) return;
    const end = this.#began + requestTimeoutMs + TIMEOUT_GRACE_MS;
    const missing = Math.max(0, end - performance.now());
    this.#deadline = setTimeout(() => {
      this.#overdue = true;
      void this.#worker.terminate();
    }, missing);
  }

  onFailed(): void {
    this.counters.errors++;
  }

  readonly #onMessage = (message: MessageFromThread): void => {
    switch (message[0]) {
      case FromThread.Ready:
        clearTimeout(this.#startDeadline);
        this.#memoryBytes = message[1];
        this.#state = "ready";
        this.readyAt = performance.now();
        this.#resolveReady();
        return;
      case FromThread.Status:
        void this.#owner.status().then((status) => this.send([ToThread.Status, status]));
        return;
      case FromThread.Errors:
        this.#writeErrors(Buffer.from(message[2]), this.#exchangeOf(message[1]));
        return;
      default:
        this.#takeAnswer(message);
    }
  };

  /** What an application writes behind its response has no stream of that any more. */
  #writeErrors(bytes: Buffer, exchange: Exchange | undefined): void {
    if (exchange === undefined) this.#owner.writeErrors(bytes);
    else exchange.environ["wsgi.errors"].write(bytes);
  }

  #takeAnswer(message: AnswerMessage): void {
    const exchange = this.#exchangeOf(message[1]);
    if (exchange === undefined) return;
    switch (message[0]) {
      case FromThread.Response: {
        const [, , chunks, head, ended, finished] = message;
        if (ended || head !== undefined || chunks.length > 0) exchange.take(chunks, head, ended);
        if (finished !== undefined) this.#finish(exchange, finished);
        else if (ended) this.onUnwanted();
        return;
      }
      case FromThread.Failure:
        exchange.fail(reviveError(message[2]));
        this.onUnwanted();
        return;
      case FromThread.WantInput:
        exchange.wantInput();
        return;
      case FromThread.DropInput:
        exchange.dropInput();
        return;
    }
  }

  #exchangeOf(id: number): Exchange | undefined {
    return id === this.#id ? this.#exchange : undefined;
  }

  #finish(exchange: Exchange, memoryBytes: number): void {
    if (memoryBytes > 0) this.#memoryBytes = memoryBytes;
    exchange.finish();
    this.#forget();
    if (this.#state === "stopping") this.#letEnd();
    else this.#owner.onFinished(this);
  }

  #forget(): void {
    this.#exchange = undefined;
    this.counters.end(this.#began);
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /** Its script goes on behind the server, and mostly comes to its end soon. */
  #letEnd(): void {
    this.send([ToThread.Stop]);
    this.#leftOpen = setTimeout(() => this.terminate(), LEFT_OPEN_MS).unref();
  }

  readonly #onExit = (status: number): void => {
    clearTimeout(this.#startDeadline);
    clearTimeout(this.#leftOpen);
    if (this.#state === "starting") {
      // Should it have said that it is ready, it is no more.
      this.#port.close();
      void this.#failStart(status);
      return;
    }
    this.#takeLastMessages();
    const kind = this.#overdue ? "overdue" : this.#state === "stopping" ? "told" : "crashed";
    const reason = this.#reasonOf(kind, status);
    const exchange = this.#exchange;
    if (exchange !== undefined) this.#abandon(exchange, kind, reason);
    this.#owner.onEnd(this, { kind, reason, busy: exchange !== undefined });
  };

  async #failStart(status: number): Promise<void> {
    const reason = await this.#startReasonOf(status);
    this.#rejectReady(new GatewayError("THREAD_START", `a thread did not start: ${reason}`));
  }

  async #startReasonOf(status: number): Promise<string> {
    if (this.#isLate) return `it was not ready after ${this.#owner.startMs / 1_000} s`;
    if (this.#error !== undefined) return startReasonOf(this.#error.error, this.#script, this.#argv);
    return `the script ended with status ${status} before it came to its server`;
  }

  /** What it has said before it ended counts. */
  #takeLastMessages(): void {
    for (;;) {
      const last = receiveMessageOnPort(this.#port);
      if (last === undefined) break;
      this.#onMessage(last.message);
    }
    this.#port.close();
  }

  #abandon(exchange: Exchange, kind: ThreadEnd["kind"], reason: string): void {
    exchange.fail(errorOf(kind, reason));
    exchange.finish();
    this.#forget();
  }

  #reasonOf(kind: ThreadEnd["kind"], status: number): string {
    if (kind === "overdue")
      return `it was still busy ${TIMEOUT_GRACE_MS} ms after the time-out of its request`;
    return this.#error === undefined ? `it exited with status ${status}` : reasonOf(this.#error.error);
  }
}

/** What a request gets whose thread has ended. Of those that nobody waits for any more a server makes no words. */
function errorOf(kind: ThreadEnd["kind"], reason: string): Error {
  switch (kind) {
    case "told":
      return new DOMException("the server stops", "AbortError");
    case "overdue":
      return new DOMException("the request took too long", "TimeoutError");
    case "crashed":
      return new GatewayError("THREAD_ENDED", `the thread of this request ended: ${reason}`);
  }
}
