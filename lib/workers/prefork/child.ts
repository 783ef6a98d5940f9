// A child of a pool: it serves on sockets that its parent holds, or connections that its parent hands it, and does what the
// parent says.

import { Socket } from "node:net";
import { GatewayError } from "../../errors.ts";
import { Counters } from "../../gateway/counters.ts";
import { reopenLogFiles } from "../../gateway/log-file.ts";
import { type PoolStatus, provideStatus, type WorkerStatus } from "../../gateway/pool-status.ts";
import type { Address, HandOver, ProtocolServer } from "../../gateway/protocol-server.ts";
import type { Application } from "../../gateway/types.ts";
import { type Assignment, assignment, serveAssignment } from "../assignment.ts";
import { addressOf, listening } from "../listen.ts";
import { DEFAULT_BACKLOG, type WorkerOptions } from "../options.ts";
import { graceOf } from "../wind-down.ts";
import type { WorkerJob, WorkerModel, Workers } from "../workers.ts";
import { HandOvers, receive } from "./hand-overs.ts";
import { type FromChild, type FromParent, heard, tell } from "./messages.ts";
import { Reporter } from "./reporter.ts";

/** How long requests in progress may take when the parent has gone, in milliseconds. */
const ORPHAN_MS = 1_000;

/** How long an answer about the whole pool may take, in milliseconds. */
const STATUS_MS = 1_000;

/** How long the parent may take to say how a child that somebody else has told to stop is to do so, in milliseconds. */
const ANSWER_MS = 1_000;

let tellTold: () => void = () => {};
/** Resolves when this process has been told to stop, for each server of its script. */
const told = new Promise<void>((resolve) => {
  tellTold = resolve;
});

/** Serves the server that this process was started for. The script's others are its parent's. */
export const start: WorkerModel = async (job, options) => {
  const task = assignment;
  if (task === undefined || task.server !== job.server) return bystander;
  serveAssignment();
  try {
    const child = new PoolChild(job, options, task);
    await child.open();
    return child;
  } catch (error) {
    return fail(error);
  }
};

const bystander: Workers = { role: "worker", addresses: [], told, stop: async () => {}, stopNow: () => {} };

/** The parent says it, where there is something to say; the rest is said here. */
function fail(error: unknown): Promise<never> {
  const expected = error instanceof GatewayError;
  if (!expected) console.error(error);
  const { code, message } = expected ? error : new GatewayError("WORKER_FAILED", "");
  const failed: FromChild = { type: "failed", code, message };
  return new Promise(() => tell(process, failed, undefined, () => process.exit(1)));
}

class PoolChild implements Workers {
  readonly role = "worker";
  readonly told = told;
  readonly #job: WorkerJob;
  readonly #options: WorkerOptions;
  readonly #task: Assignment;
  readonly #graceMs: number;
  readonly #reporter: Reporter;
  readonly #handOvers = new HandOvers((socket, bytes) => this.#tell({ type: "connection", bytes }, socket));
  #servers: ProtocolServer[] = [];
  #addresses: readonly Address[] = [];
  readonly #startedAt = Date.now();
  #leaving: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #forgetStatus = (): void => {};
  readonly #questions = new Map<number, (status: PoolStatus) => void>();
  #lastQuestion = 0;

  constructor(job: WorkerJob, options: WorkerOptions, task: Assignment) {
    this.#job = job;
    this.#options = options;
    this.#task = task;
    this.#graceMs = graceOf(options);
    this.#reporter = new Reporter(job.counters, (report) => this.#tell({ type: "report", ...report }));
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** Begins to serve, and says so. */
  async open(): Promise<void> {
    const application: Application = (environ, startResponse) => {
      this.#reporter.note();
      return this.#job.application(environ, startResponse);
    };
    const create = (): ProtocolServer => this.#job.createServer(application);
    const { descriptors, addresses } = this.#task;
    this.#servers = descriptors.length > 0 ? descriptors.map(create) : [create()];
    for (const [index, descriptor] of descriptors.entries()) {
      const { server, mayListenOn } = this.#servers[index] as ProtocolServer;
      await listening(server, { fd: descriptor }, this.#options.backlog ?? DEFAULT_BACKLOG);
      // EMFILE and the like: a connection is lost, the server is not.
      server.on("error", () => {});
      if (addresses.length === 0) mayListenOn?.(addressOf(server));
    }
    // node:http looks after the time-outs of requests only once it listens, and this one never will.
    if (descriptors.length === 0) this.#servers[0]?.server.emit("listening");
    this.#addresses = addresses.length > 0 ? addresses : this.#servers.map(({ server }) => addressOf(server));
    this.#forgetStatus = provideStatus(() => this.#askStatus());
    process.on("message", this.#onMessage);
    process.on("disconnect", this.#onDisconnect);
    if (process.connected) this.#tell({ type: "ready", addresses: this.#addresses });
    else this.#onDisconnect();
  }

  stop(): Promise<void> {
    // Somebody here wants it: TERM, or the script.
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  stopNow(): void {
    void this.#stop();
    this.#abort("the server stops at once");
  }

  /** Only the parent knows whether anybody is left to hand connections to: TERM may have come to all of a service. */
  async #leave(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#tell({ type: "leaving" });
      await Promise.race([told, new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
    }
    await this.#stop(this.#handOvers.offer);
  }

  #stop(handOver?: HandOver): Promise<void> {
    this.#stopping ??= this.#drain(handOver);
    return this.#stopping;
  }

  async #drain(handOver: HandOver | undefined): Promise<void> {
    const giveUp = (): void => this.#abort("the server stops and could not wait any longer");
    const deadline = this.#graceMs > 0 ? setTimeout(giveUp, this.#graceMs) : undefined;
    await Promise.all(this.#servers.map((server) => server.drain(handOver)));
    await this.#handOvers.settled();
    clearTimeout(deadline);
    this.#forgetStatus();
    this.#reporter.report();
    process.off("disconnect", this.#onDisconnect);
    process.off("message", this.#onMessage);
    if (process.connected) process.disconnect();
  }

  #abort(reason: string): void {
    for (const server of this.#servers) server.abort(new GatewayError("SHUTDOWN", reason));
    this.#handOvers.giveUp();
  }

  readonly #onMessage = (envelope: unknown, handle: unknown): void => {
    const message = heard<FromParent>(envelope);
    switch (message?.type) {
      case "stop":
        void this.#stop(message.handOver ? this.#handOvers.offer : undefined);
        tellTold();
        return;
      case "stopNow":
        this.stopNow();
        tellTold();
        return;
      case "reopenLogs":
        reopenLogFiles();
        return;
      case "report":
        this.#reporter.report();
        return;
      case "connection":
        // Before anything is read from it: until then its parent can give it to somebody else.
        this.#tell({ type: "took" });
        // A client that has gone already leaves nothing to hand over.
        if (handle instanceof Socket) this.#take(handle, message.bytes);
        return;
      case "took":
        this.#handOvers.arrived();
        return;
      case "check":
        this.#tell({ type: "checked", given: message.given });
        return;
      case "status":
        this.#questions.get(message.question)?.(message.status);
        return;
    }
  };

  #take(socket: Socket, bytes: string): void {
    receive(socket, bytes);
    if (this.#stopping !== undefined) {
      socket.on("error", () => {});
      this.#handOvers.offer(socket, () => true);
      return;
    }
    this.#reporter.take(socket);
    this.#servers[0]?.server.emit("connection", socket);
  }

  /** The parent has gone. */
  readonly #onDisconnect = (): void => {
    setTimeout(() => {
      this.#abort("the server's parent has gone");
      setImmediate(() => process.exit());
    }, ORPHAN_MS);
    void this.#stop().then(() => process.exit());
    tellTold();
  };

  /** What the whole pool is doing, which its parent knows; of a parent that does not answer, what is known here. */
  async #askStatus(): Promise<PoolStatus> {
    const question = ++this.#lastQuestion;
    const answer = new Promise<PoolStatus>((resolve) => {
      this.#questions.set(question, resolve);
      setTimeout(() => resolve(this.#ownStatus()), STATUS_MS).unref();
    });
    this.#tell({ type: "status", question });
    try {
      return await answer;
    } finally {
      this.#questions.delete(question);
    }
  }

  #ownStatus(): PoolStatus {
    const { parent, generation } = this.#task;
    const worker: WorkerStatus = {
      pid: process.pid,
      generation,
      state: this.#stopping === undefined ? "ready" : "stopping",
      startedAt: this.#startedAt,
      memoryBytes: process.memoryUsage.rss(),
      counters: this.#job.counters.values(),
    };
    return {
      protocol: this.#job.protocol,
      model: "prefork",
      addresses: this.#addresses,
      pid: parent,
      startedAt: this.#startedAt,
      workers: [worker],
      ended: new Counters().values(),
      crashes: 0,
    };
  }

  #tell(message: FromChild, connection?: Socket): void {
    tell(process, message, connection);
  }
}
