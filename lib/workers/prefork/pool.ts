// The parent of a pool: how many children there are, and when one takes another's place.

import type { Socket } from "node:net";
import { GatewayError } from "../../errors.ts";
import { Counters, type CounterValues, sumOfCounters } from "../../gateway/counters.ts";
import { type PoolStatus, provideStatus, type WorkerStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import { CrashPauses } from "../crash-pauses.ts";
import { Lifetime } from "../lifetime.ts";
import type { WorkerOptions } from "../options.ts";
import { graceOf, LEFT_OPEN_MS } from "../wind-down.ts";
import type { WorkerJob, Workers } from "../workers.ts";
import type { PoolSockets } from "./pool-sockets.ts";
import type { Sizes } from "./sizes.ts";
import { WaitingConnections } from "./waiting-connections.ts";
import { LASTING_MS, type WorkerEvents, WorkerProcess } from "./worker-process.ts";

/** How long children may take to end behind their own deadline before they are killed, in milliseconds. */
const KILL_MS = 1_000;

/** How long they may take when they are told to stop at once, in milliseconds. */
const KILL_NOW_MS = 500;

/** How often one of too many children leaves, in milliseconds. */
const RETIRE_MS = 1_000;

/** What tells a child to stop may tell all of a service, one after the other, within so many milliseconds. */
const STOP_ALL_MS = 100;

/** How long children may take to tell what they are doing, in milliseconds. */
const STATUS_MS = 500;

export class Pool implements Workers, WorkerEvents {
  readonly role = "master";
  readonly #job: WorkerJob;
  readonly #options: WorkerOptions;
  readonly #sizes: Sizes;
  readonly #graceMs: number;
  readonly #sockets: PoolSockets;
  readonly #startedAt = Date.now();
  readonly #workers = new Set<WorkerProcess>();
  readonly #connections = new WaitingConnections(() => this.#workers);
  readonly #pauses = new CrashPauses();
  readonly #lifetimes = new WeakMap<WorkerProcess, Lifetime>();
  /** Children that answer until their successors are ready. */
  readonly #outgoing = new WeakSet<WorkerProcess>();
  /** Children whose start somebody waits for, who says what becomes of it. */
  readonly #awaited = new WeakSet<WorkerProcess>();
  readonly #idle = new Map<WorkerProcess, NodeJS.Timeout>();
  readonly #forgetStatus = provideStatus(() => this.#status());
  #addresses: readonly Address[];
  #generation = 1;
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #stopping: Promise<void> | undefined;
  #nextLook: NodeJS.Timeout | undefined;
  #nextStart: NodeJS.Timeout | undefined;
  #nextRetirement: NodeJS.Timeout | undefined;
  #ended: CounterValues = new Counters().values();
  #crashes = 0;

  /** @throws {GatewayError} `OPTION` when `shutdownGraceMs` is no duration */
  constructor(job: WorkerJob, options: WorkerOptions, sizes: Sizes, sockets: PoolSockets) {
    this.#job = job;
    this.#options = options;
    this.#sizes = sizes;
    this.#graceMs = graceOf(options);
    this.#sockets = sockets;
    this.#addresses = sockets.addresses;
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /**
   * Starts the first child, and when that serves the others; none where they are started on demand.
   *
   * @throws {GatewayError} what the child says when it cannot serve, or `WORKER_FAILED`
   */
  async open(): Promise<void> {
    if (this.#onDemand) return;
    const first = this.#start();
    this.#awaited.add(first);
    if (!(await first.started)) {
      await this.stop();
      throw first.said ?? new GatewayError("WORKER_FAILED", `the first worker ${first.failure}`);
    }
    if (this.#addresses.length === 0) this.#addresses = first.addresses;
    this.#resize();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  stopNow(): void {
    void this.stop();
    for (const worker of this.#workers) worker.stopNow();
    setTimeout(() => this.#killAll(), KILL_NOW_MS).unref();
  }

  reopenLogs(): void {
    for (const worker of this.#workers) worker.reopenLogs();
  }

  async reload(): Promise<void> {
    if (this.#stopping !== undefined) return;
    if (this.#reloading !== undefined) this.#reloadAgain = true;
    this.#reloading ??= this.#reload();
    await this.#reloading;
  }

  /** Hands on a connection that was accepted in this process. */
  accept(socket: Socket): void {
    this.#connections.accept(socket);
    // Before it is given to a child that has other things to do.
    this.#resize();
    this.#connections.giveOut();
  }

  reported(worker: WorkerProcess): void {
    const { counters, memoryBytes } = worker.report;
    const over = this.#lifetimes.get(worker)?.over(counters.requests, memoryBytes);
    if (over !== undefined) void this.#replace(worker, over);
    this.#watchIdle(worker);
    this.#resize();
    // It says nothing while it computes.
    if (!worker.isSpare) this.#nextLook ??= setTimeout(() => this.#look(), LASTING_MS);
  }

  left(worker: WorkerProcess): void {
    this.#resize();
    const go = (): void => {
      if (this.#stopping === undefined) this.#dismiss(worker);
    };
    setTimeout(go, STOP_ALL_MS).unref();
  }

  gave(socket: Socket, bytes: string): void {
    if (this.#stopping !== undefined) socket.destroy();
    else this.#connections.adopt(socket, bytes);
    this.#resize();
    this.#connections.giveOut();
  }

  missed(worker: WorkerProcess): void {
    this.#log("error", `worker ${worker.pid} has no file descriptor left for a connection`);
    if (this.#stopping === undefined) this.#connections.takeBack(worker);
    else worker.takeBack()?.destroy();
    this.#connections.giveOut();
  }

  freed(): void {
    this.#connections.giveOut();
  }

  async asked(worker: WorkerProcess, question: number): Promise<void> {
    worker.answer(question, await this.#status());
  }

  overdue(worker: WorkerProcess): void {
    this.#log("error", `worker ${worker.pid} was told to stop and does not; it is killed`);
  }

  ended(worker: WorkerProcess): void {
    this.#workers.delete(worker);
    clearTimeout(this.#idle.get(worker));
    this.#idle.delete(worker);
    this.#ended = sumOfCounters([this.#ended, { ...worker.report.counters, active: 0, open: 0 }]);
    if (this.#stopping !== undefined) return;
    // What comes behind a start that failed is for whoever waits for it to decide.
    if (worker.readyAt !== undefined || !this.#awaited.has(worker)) {
      if (!worker.expected) this.#crashed(worker);
      this.#connections.takeBack(worker);
      this.#resize();
    }
    this.#connections.giveOut();
  }

  get #onDemand(): boolean {
    return this.#sizes.minSpare === 0;
  }

  #start(): WorkerProcess {
    const worker = new WorkerProcess(
      {
        server: this.#job.server,
        protocol: this.#job.protocol,
        addresses: this.#options.bindAddress === undefined ? [] : this.#sockets.addresses,
        generation: this.#generation,
        descriptors: this.#sockets.descriptors,
      },
      this,
    );
    this.#workers.add(worker);
    this.#lifetimes.set(worker, new Lifetime(this.#sizes));
    void worker.started.then((serves) => {
      if (!serves) return;
      this.#watchIdle(worker);
      this.#resize();
      this.#connections.giveOut();
    });
    return worker;
  }

  /** Has as many children as there is use for. */
  #resize(): void {
    if (this.#stopping !== undefined) return;
    const { minSpare, maxSpare, maxChildren } = this.#sizes;
    const lasting = [...this.#workers].filter((worker) => worker.isLasting && !this.#outgoing.has(worker));
    const hasTime = (worker: WorkerProcess): boolean =>
      worker.state === "starting" || (this.#onDemand ? worker.isSpare : worker.isMostlySpare);
    const spare = lasting.filter(hasTime).length;
    const missing = this.#onDemand
      ? this.#connections.size - spare
      : Math.max(maxSpare - lasting.length, minSpare - spare);
    this.#startSome(Math.min(missing, maxChildren - lasting.length));
    if (!this.#onDemand && this.#reloading === undefined && spare > maxSpare) this.#retireSoon();
  }

  #look(): void {
    this.#nextLook = undefined;
    this.#resize();
  }

  #startSome(count: number): void {
    const pause = this.#pauses.remaining();
    if (count > 0 && pause > 0) {
      clearTimeout(this.#nextStart);
      this.#nextStart = setTimeout(() => this.#resize(), pause);
      return;
    }
    for (let started = 0; started < count; started++) this.#start();
  }

  /** One of too many children goes, unless it is needed after all. */
  #retireSoon(): void {
    this.#nextRetirement ??= setTimeout(() => {
      this.#nextRetirement = undefined;
      const spare = [...this.#workers].filter((worker) => worker.isSpare);
      if (this.#reloading === undefined && spare.length > this.#sizes.maxSpare) this.#dismiss(spare.at(-1));
      this.#resize();
    }, RETIRE_MS);
  }

  /** Of children that were started on demand: one that has had no connection for a while leaves. */
  #watchIdle(worker: WorkerProcess): void {
    const { maxIdleMs } = this.#sizes;
    if (!this.#onDemand || maxIdleMs === 0) return;
    clearTimeout(this.#idle.get(worker));
    if (!worker.isIdle) return;
    const leave = (): void => {
      if (worker.isIdle) this.#dismiss(worker);
    };
    this.#idle.set(worker, setTimeout(leave, maxIdleMs));
  }

  /** Others go on without it. */
  #dismiss(worker: WorkerProcess | undefined): void {
    worker?.stop(true, this.#graceMs > 0 ? this.#graceMs + LEFT_OPEN_MS + KILL_MS : 0);
  }

  /** Puts a new child in the place of one that has done its part. */
  async #replace(worker: WorkerProcess, why: string): Promise<void> {
    if (worker.state !== "ready" || this.#outgoing.has(worker) || this.#pauses.remaining() > 0) return;
    this.#outgoing.add(worker);
    this.#log("debug", `worker ${worker.pid} leaves ${why}`);
    const successor = this.#start();
    if (await successor.started) this.#dismiss(worker);
    else this.#outgoing.delete(worker);
  }

  async #reload(): Promise<void> {
    try {
      do {
        this.#reloadAgain = false;
        await this.#replaceAll();
      } while (this.#reloadAgain && this.#stopping === undefined);
    } finally {
      this.#reloading = undefined;
      this.#resize();
    }
  }

  /** Where nobody serves a child is started all the same, to see whether it can. */
  async #replaceAll(): Promise<void> {
    const old = [...this.#workers].filter((worker) => worker.isLasting);
    const places = Math.max(old.length, 1);
    this.#generation++;
    for (let place = 0; place < places; place++) {
      const successor = this.#start();
      this.#awaited.add(successor);
      const serves = await successor.started;
      if (this.#stopping !== undefined) return;
      if (!serves) {
        if (place === 0) this.#generation--;
        this.#log("error", `not reloaded: a new worker ${successor.failure}; the old ones go on`);
        return;
      }
      this.#dismiss(old[place]);
    }
    this.#log("info", `reloaded: ${places} new ${places === 1 ? "worker" : "workers"}`);
  }

  #crashed(worker: WorkerProcess): void {
    this.#crashes++;
    const pause = this.#pauses.ended(worker.readyAt);
    const how = worker.readyAt === undefined ? worker.failure : worker.how;
    const next = pause > 0 ? `the next one starts in ${pause / 1_000} s` : "another one takes its place";
    const who = worker.pid === 0 ? "a worker" : `worker ${worker.pid}`;
    this.#log("error", `${who} ${how}; ${next}`);
  }

  async #end(): Promise<void> {
    for (const timer of [this.#nextLook, this.#nextStart, this.#nextRetirement]) clearTimeout(timer);
    const graceMs = this.#graceMs;
    const deadline = graceMs > 0 ? setTimeout(() => this.#killAll(), graceMs + KILL_MS) : undefined;
    const released = this.#sockets.release();
    this.#connections.closeAll();
    const workers = [...this.#workers];
    for (const worker of workers) worker.stop(false);
    await Promise.all([released, ...workers.map((worker) => worker.ended)]);
    clearTimeout(deadline);
    this.#forgetStatus();
  }

  #killAll(): void {
    for (const worker of this.#workers) worker.kill();
  }

  /** As fresh as the children answer in time. */
  async #status(): Promise<PoolStatus> {
    const late = new Promise((resolve) => setTimeout(resolve, STATUS_MS).unref());
    const serving = [...this.#workers].filter((worker) => worker.state !== "starting");
    await Promise.race([late, Promise.all(serving.map((worker) => worker.askReport()))]);
    return {
      protocol: this.#job.protocol,
      model: "prefork",
      addresses: this.#addresses,
      pid: process.pid,
      startedAt: this.#startedAt,
      workers: [...this.#workers].map(statusOf),
      ended: this.#ended,
      crashes: this.#crashes,
      waiting: this.#connections.size,
    };
  }

  #log(level: Parameters<WorkerJob["log"]>[0], line: string): void {
    this.#job.log(level, line);
  }
}

function statusOf(worker: WorkerProcess): WorkerStatus {
  const { pid, generation, state, startedAt, report } = worker;
  return { pid, generation, state, startedAt, memoryBytes: report.memoryBytes, counters: report.counters };
}
