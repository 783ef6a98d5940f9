// One child of a pool, as its parent sees it.

import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { GatewayError } from "../../errors.ts";
import { Counters } from "../../gateway/counters.ts";
import type { PoolStatus, WorkerStatus } from "../../gateway/pool-status.ts";
import type { Address } from "../../gateway/protocol-server.ts";
import { type Assignment, assigned, childFolder } from "../assignment.ts";
import { START_MS } from "../lifetime.ts";
import { sendAway } from "./hand-overs.ts";
import { type FromChild, type FromParent, heard, type Report, tell } from "./messages.ts";

/** Descriptor of the first listening socket in a child: behind standard input, output, error and the channel. */
const FIRST_DESCRIPTOR = 4;

/** How long a connection may be on its way before a child is asked about it, in milliseconds. */
const CHECK_MS = 1_000;

/** A child that was at work for more than this part of the time between two reports has no time to spare. */
const BUSY = 0.5;

/** A child that has something to do for this long is not about to be done with it, in milliseconds. */
export const LASTING_MS = 300;

/** What a child is started for; its descriptors are those of this process. */
export type Task = Omit<Assignment, "parent">;

/** What a child tells its pool. */
export interface WorkerEvents {
  reported(worker: WorkerProcess): void;
  /** Somebody else has told it to stop. */
  left(worker: WorkerProcess): void;
  /** It gives a connection away, with what has been read of it. */
  gave(socket: Socket, bytes: string): void;
  /** A connection did not reach it: it had no descriptor left. */
  missed(worker: WorkerProcess): void;
  /** It can take a connection. */
  freed(worker: WorkerProcess): void;
  /** It wants to know what all are doing. */
  asked(worker: WorkerProcess, question: number): void;
  /** It was told to stop, and is killed since it has not. */
  overdue(worker: WorkerProcess): void;
  ended(worker: WorkerProcess): void;
}

export class WorkerProcess {
  readonly generation: number;
  readonly startedAt = Date.now();
  /** `stopping` to its end, and behind it. */
  state: WorkerStatus["state"] = "starting";
  /** When it began to serve, on the clock of `performance.now()`. */
  readyAt: number | undefined;
  /** Where it listens, by its own account. */
  addresses: readonly Address[] = [];
  report: Report = { counters: new Counters().values(), taken: 0, connections: 0, busy: 0, memoryBytes: 0 };
  /** Settles with true when it serves, with false when it has ended without. */
  readonly started: Promise<boolean>;
  readonly ended: Promise<void>;
  /** It was told to stop, so its end is none of its own making. */
  expected = false;
  /** How it ended, as the end of a sentence. */
  how = "";
  /** Why it cannot serve, where it had words for it. */
  said: GatewayError | undefined;

  /** None where the system refused one at once. */
  readonly #child: ChildProcess | undefined;
  readonly #events: WorkerEvents;
  #settleStart: (serves: boolean) => void = () => {};
  #settleEnd: () => void = () => {};
  #isLate = false;
  /** Since when it has had something to do, on the clock of `performance.now()`. */
  #busySince: number | undefined;
  /** Connections that it was given, and those of them that did not reach it. */
  #given = 0;
  #missed = 0;
  #nextCheck: NodeJS.Timeout | undefined;
  /** One that is on its way there, while it is still ours. */
  #sent: Socket | undefined;
  #free = true;
  #awaitsReport: (() => void)[] = [];

  constructor(task: Task, events: WorkerEvents) {
    this.generation = task.generation;
    this.#events = events;
    this.started = new Promise((resolve) => {
      this.#settleStart = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnd = resolve;
    });
    this.#child = this.#spawn(task);
    const late = setTimeout(() => {
      this.#isLate = true;
      this.kill();
    }, START_MS);
    void this.started.then(() => clearTimeout(late));
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** It serves or is about to, and nobody has told it to stop. */
  get isLasting(): boolean {
    return this.state !== "stopping";
  }

  /** It has nothing to do at the moment. */
  get isSpare(): boolean {
    return this.state === "ready" && this.#busySince === undefined && this.#unreported === 0;
  }

  /** It has nothing to do, or only for a moment. */
  get isMostlySpare(): boolean {
    if (this.state !== "ready") return false;
    return this.#busySince === undefined || performance.now() - this.#busySince < LASTING_MS;
  }

  /** It has nothing to do, and no connection on which something could come. */
  get isIdle(): boolean {
    const { counters, connections } = this.report;
    return this.state === "ready" && counters.active === 0 && connections + this.#unreported === 0;
  }

  /** It can take a connection at once. */
  get isFree(): boolean {
    return this.state === "ready" && this.#free;
  }

  /** How much it has to do: requests count, and where there are as many, connections. */
  get load(): number {
    const { counters, connections, busy } = this.report;
    return counters.active + busy + this.#unreported + connections / 1_000;
  }

  /** Why it does not serve, as the end of a sentence. */
  get failure(): string {
    if (this.pid === 0) return this.how;
    if (this.#isLate) return `was not ready after ${START_MS / 1_000} s`;
    return `${this.how} before it was ready (${this.said?.message ?? "what it said is above"})`;
  }

  /** Connections that it was given and has said nothing of. */
  get #unreported(): number {
    return this.#given - this.#missed - this.report.taken;
  }

  /**
   * Hands it a connection, if it is free.
   *
   * @param isNew nobody has read from it yet, so that another child can have it when this one ends first
   */
  give(socket: Socket, isNew: boolean): void {
    this.#free = false;
    const given = ++this.#given;
    this.#nextCheck = setTimeout(() => this.#tell({ type: "check", given }), CHECK_MS);
    if (isNew) {
      this.#sent = socket;
      this.#tell({ type: "connection", bytes: "" }, socket);
    } else {
      sendAway(socket, (connection, bytes) => this.#tell({ type: "connection", bytes }, connection));
    }
  }

  /** The new connection that was on its way when it ended, or that did not reach it. */
  takeBack(): Socket | undefined {
    const socket = this.#sent;
    this.#sent = undefined;
    return socket;
  }

  /**
   * Gracefully; with `handOver` it gives the connections away that their peers keep.
   *
   * @param mostMs after how many milliseconds it is killed, since it hears nothing while it computes; 0 is never
   */
  stop(handOver: boolean, mostMs = 0): void {
    this.expected = true;
    if (this.state === "starting") this.kill();
    else this.#tell({ type: "stop", handOver });
    this.state = "stopping";
    if (mostMs > 0) this.#killIn(mostMs);
  }

  #killIn(ms: number): void {
    const late = setTimeout(() => {
      this.#events.overdue(this);
      this.kill();
    }, ms);
    void this.ended.then(() => clearTimeout(late));
  }

  /** Without what is in progress. */
  stopNow(): void {
    this.expected = true;
    this.#tell({ type: "stopNow" });
  }

  reopenLogs(): void {
    this.#tell({ type: "reopenLogs" });
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Resolves with its next report, or at its end. */
  askReport(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaitsReport.push(resolve);
      this.#tell({ type: "report" });
    });
  }

  answer(question: number, status: PoolStatus): void {
    this.#tell({ type: "status", question, status });
  }

  #spawn(task: Task): ChildProcess | undefined {
    const unstarted = (error: Error): void => this.#end(`could not be started (${error.message})`);
    try {
      const child = start(task);
      child.on("message", this.#onMessage);
      // What it could not be told shows in its end; without a process there is none.
      child.on("error", (error) => {
        if (child.pid === undefined) unstarted(error);
      });
      child.once("exit", (status, signal) => {
        const how = signal === null ? `ended with status ${status}` : `was ended by ${signal}`;
        // What it said last may not have been read yet.
        if (child.connected) child.once("disconnect", () => this.#end(how));
        else this.#end(how);
      });
      return child;
    } catch (error) {
      // Some failures of the system Node throws, such as ENOMEM. They are told like the others: behind the start.
      process.nextTick(unstarted, error);
      return undefined;
    }
  }

  #tell(message: FromParent, connection?: Socket): void {
    if (this.#child !== undefined) tell(this.#child, message, connection);
  }

  readonly #onMessage = (envelope: unknown, handle: unknown): void => {
    const message = heard<FromChild>(envelope);
    switch (message?.type) {
      case "ready":
        // Unless it was told to stop meanwhile.
        if (this.state === "starting") this.state = "ready";
        this.readyAt = performance.now();
        this.addresses = message.addresses;
        this.#settleStart(true);
        return;
      case "failed":
        if (message.message !== "") this.said = new GatewayError(message.code, message.message);
        return;
      case "report":
        this.report = message;
        if (message.counters.active === 0 && message.busy < BUSY) this.#busySince = undefined;
        else this.#busySince ??= performance.now();
        this.#settleReport();
        this.#events.reported(this);
        return;
      case "leaving":
        this.expected = true;
        this.state = "stopping";
        this.#events.left(this);
        return;
      case "connection":
        this.#tell({ type: "took" });
        if (handle instanceof Socket) this.#events.gave(handle, message.bytes);
        return;
      case "took":
        clearTimeout(this.#nextCheck);
        this.takeBack()?.destroy();
        this.#free = true;
        this.#events.freed(this);
        return;
      case "checked":
        // It would have said before that it took it.
        if (this.#free || message.given !== this.#given) return;
        this.#missed++;
        this.#free = true;
        this.#events.missed(this);
        return;
      case "status":
        this.#events.asked(this, message.question);
        return;
    }
  };

  #settleReport(): void {
    for (const resolve of this.#awaitsReport.splice(0)) resolve();
  }

  #end(how: string): void {
    clearTimeout(this.#nextCheck);
    this.how = how;
    this.state = "stopping";
    this.#settleReport();
    this.#settleStart(false);
    this.#settleEnd();
    this.#events.ended(this);
  }
}

/** The main script once more, as it was started. */
function start({ descriptors, ...task }: Task): ChildProcess {
  const own = descriptors.map((_descriptor, index) => FIRST_DESCRIPTOR + index);
  const nodeOptions = [...process.execArgv];
  // Each process needs a port of its own for Node's inspector.
  if (nodeOptions.some((option) => option.startsWith("--inspect"))) nodeOptions.push("--inspect-port=0");
  return spawn(process.execPath, [...nodeOptions, ...process.argv.slice(1)], {
    cwd: childFolder(),
    env: assigned(process.env, { ...task, parent: process.pid, descriptors: own }),
    stdio: ["ignore", "inherit", "inherit", "ipc", ...descriptors],
  });
}
