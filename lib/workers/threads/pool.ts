// A pool of threads, which is an application: each request goes to a thread that has none, or waits for one.

import { setTimeout as sleep } from "node:timers/promises";
import { ProtocolError } from "../../errors.ts";
import { Counters, type CounterValues, sumOfCounters } from "../../gateway/counters.ts";
import type { Log } from "../../gateway/log.ts";
import type { PoolStatus, WorkerStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import type { Application } from "../../gateway/types.ts";
import { CrashPauses } from "../crash-pauses.ts";
import { Lifetime, type LifetimeLimits } from "../lifetime.ts";
import { Exchange } from "./exchange.ts";
import { ToThread } from "./messages.ts";
import { Thread, type ThreadEnd, type ThreadOwner } from "./thread.ts";

export interface ThreadPoolOptions {
  /** The server that the threads are there for, by its number. */
  readonly server: number;
  readonly maxThreads: number;
  readonly lifetime: LifetimeLimits;
  /** How long a thread may take until it can take requests, in milliseconds. */
  readonly startMs: number;
  /** How long an application may take, in milliseconds; 0 is no limit. */
  readonly requestTimeoutMs: number;
  readonly log: Log;
  readonly writeErrors: (bytes: Buffer) => void;
  readonly status: () => Promise<PoolStatus>;
}

export class ThreadPool implements ThreadOwner {
  readonly server: number;
  readonly startMs: number;
  readonly requestTimeoutMs: number;
  readonly writeErrors: (bytes: Buffer) => void;
  readonly status: () => Promise<PoolStatus>;
  crashes = 0;

  /** What threads that have ended had counted. */
  #ended = sumOfCounters([]);
  /** Requests that came to no thread. */
  readonly #lost = new Counters();
  readonly #options: ThreadPoolOptions;
  readonly #log: Log;
  /** All that run, those too that start or stop. */
  readonly #threads = new Set<Thread>();
  /** Those that take requests, and which of them have none. */
  readonly #serving = new Set<Thread>();
  #idle: Thread[] = [];
  readonly #waiting = new Set<Exchange>();
  readonly #stopping = new AbortController();
  #addresses: readonly Address[] | undefined;
  /** The newest that has come to its server: new threads are of this one. */
  #generation = 1;
  readonly #pauses = new CrashPauses();
  /** Those that go on until another is ready to take their place. */
  readonly #renewed = new Set<Thread>();
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#log = options.log;
    this.server = options.server;
    this.startMs = options.startMs;
    this.requestTimeoutMs = options.requestTimeoutMs;
    this.writeErrors = options.writeErrors;
    this.status = options.status;
  }

  readonly application: Application = (environ, startResponse) => {
    environ["wsgi.multithread"] = this.#options.maxThreads > 1;
    const exchange = new Exchange(environ, startResponse);
    const signal = environ["postern.signal"];
    signal.addEventListener("abort", () => this.#abort(exchange, signal.reason), { once: true });
    const thread = this.#idle.pop();
    if (thread !== undefined) thread.serve(exchange);
    else if (this.#stopping.signal.aborted) exchange.fail(this.#stopping.signal.reason);
    else this.#waiting.add(exchange);
    return exchange.body;
  };

  /** Requests that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What was counted by none of the threads that run. */
  get ended(): CounterValues {
    return sumOfCounters([this.#ended, this.#lost.values()]);
  }

  get workers(): WorkerStatus[] {
    return [...this.#threads].map((thread) => thread.status);
  }

  /** @throws {GatewayError} `THREAD_START` when a thread does not start; none is left then */
  async start(): Promise<void> {
    try {
      const threads = Array.from({ length: this.#options.maxThreads }, () => this.#create(1));
      await Promise.all(threads.map((thread) => thread.ready));
      for (const thread of threads) this.#enter(thread);
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  /** Tells the threads, and those of later, where their server listens. */
  announce(addresses: readonly Address[]): void {
    this.#addresses = addresses;
    for (const thread of this.#serving) thread.announce(addresses);
  }

  /** Tells all threads to open their log files anew: each has its own. */
  reopenLogs(): void {
    for (const thread of this.#threads) thread.send([ToThread.ReopenLogs]);
  }

  /** Puts threads that have loaded the application anew in the place of all. Says in the log what came of it. */
  reload(): Promise<void> {
    this.#reloadAgain = this.#reloading !== undefined;
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** Takes no more requests and lets all threads end; without patience those that are busy at once. */
  stop(patient: boolean): void {
    this.#close();
    for (const thread of this.#threads) {
      if (patient || !thread.busy) thread.stop();
      else thread.terminate();
    }
  }

  /** Ends all threads at once. */
  terminate(): void {
    this.#close();
    for (const thread of this.#threads) thread.terminate();
  }

  onFinished(thread: Thread): void {
    if (thread.isOver) void this.#replaceEarly(thread);
    const [exchange] = this.#waiting;
    if (exchange === undefined) {
      this.#idle.push(thread);
      return;
    }
    this.#waiting.delete(exchange);
    thread.serve(exchange);
  }

  onEnd(thread: Thread, { kind, reason, busy }: ThreadEnd): void {
    this.#threads.delete(thread);
    this.#ended = sumOfCounters([this.#ended, { ...thread.counters.values(), active: 0 }]);
    if (!this.#leave(thread) || kind === "told") return;
    if (kind === "crashed") this.crashes++;
    // One that ends with a request ends because of it, and the next one need not.
    const pauseMs = busy ? 0 : this.#pauses.ended(thread.readyAt);
    this.#log("error", `thread ${thread.number} ended: ${reason}; another takes its place${inTime(pauseMs)}`);
    void this.#replace(pauseMs);
  }

  #create(generation: number): Thread {
    const thread = new Thread(this, generation, new Lifetime(this.#options.lifetime));
    this.#threads.add(thread);
    thread.ready.catch(() => this.#threads.delete(thread));
    return thread;
  }

  #enter(thread: Thread): void {
    if (this.#stopping.signal.aborted) {
      thread.stop();
      return;
    }
    this.#serving.add(thread);
    if (this.#addresses !== undefined) thread.announce(this.#addresses);
    this.onFinished(thread);
  }

  /** It takes no more requests; false when it took none already. */
  #leave(thread: Thread): boolean {
    this.#idle = this.#idle.filter((other) => other !== thread);
    return this.#serving.delete(thread);
  }

  async #replace(pauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      try {
        if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
        const thread = this.#create(this.#generation);
        await thread.ready;
        this.#enter(thread);
        return;
      } catch (error) {
        if (signal.aborted) return;
        pauseMs = this.#pauses.ended(undefined);
        this.#log("error", `${messageOf(error)}; the next try is made${inTime(pauseMs)}`);
      }
    }
  }

  /** It answers until another has started; where none does it stays. */
  async #replaceEarly(thread: Thread): Promise<void> {
    if (this.#renewed.has(thread) || this.#reloading !== undefined || this.#pauses.remaining() > 0) return;
    this.#renewed.add(thread);
    try {
      await this.#renew(thread, this.#generation);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const pauseMs = this.#pauses.ended(undefined);
      this.#log(
        "error",
        `${messageOf(error)}; thread ${thread.number} goes on, the next try is made${inTime(pauseMs)}`,
      );
    } finally {
      this.#renewed.delete(thread);
    }
  }

  async #reload(): Promise<void> {
    do {
      this.#reloadAgain = false;
      const generation = this.#generation + 1;
      try {
        await this.#renewOlder(generation);
        const { size } = this.#serving;
        this.#log("info", `reloaded: ${size} new ${size === 1 ? "thread" : "threads"}`);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#log("error", `not reloaded: ${messageOf(error)}; the old ones go on`);
      }
    } while (this.#reloadAgain && !this.#stopping.signal.aborted);
  }

  /** Renews all of the generations before, those too that start meanwhile: they may have read the old files. */
  async #renewOlder(generation: number): Promise<void> {
    for (;;) {
      this.#stopping.signal.throwIfAborted();
      const older = [...this.#threads].filter(
        (thread) => thread.generation < generation && !thread.isStopping,
      );
      if (older.length === 0) return;
      const serving = older.find((thread) => this.#serving.has(thread));
      if (serving !== undefined) await this.#renew(serving, generation);
      else await Promise.race(older.map((thread) => thread.ready.catch(() => {})));
    }
  }

  async #renew(thread: Thread, generation: number): Promise<void> {
    const successor = this.#create(generation);
    await successor.ready;
    // One that began before a reload may come behind it.
    this.#generation = Math.max(this.#generation, generation);
    if (this.#leave(thread)) {
      this.#enter(successor);
      thread.stop();
    } else {
      // It has ended meanwhile, and another is there for it.
      successor.stop();
    }
  }

  #abort(exchange: Exchange, reason: unknown): void {
    if (!this.#waiting.has(exchange)) {
      exchange.abort(reason);
      return;
    }
    // A peer that has ended its side may still wait for the answer.
    if (reason instanceof ProtocolError && reason.code === "PEER_GONE") {
      exchange.abort(reason);
      return;
    }
    this.#waiting.delete(exchange);
    this.#lost.requests++;
    this.#lost.errors++;
    exchange.fail(reason);
  }

  #close(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new DOMException("the server stops", "AbortError"));
    this.#idle = [];
    for (const exchange of this.#waiting) exchange.fail(this.#stopping.signal.reason);
    this.#waiting.clear();
  }
}

function inTime(milliseconds: number): string {
  return milliseconds === 0 ? "" : ` in ${milliseconds / 1000} s`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
