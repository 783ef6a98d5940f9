// Connections that a pool's parent has for its children: those that it accepted, and those that one child gives away and
// another is to go on with.

import type { Socket } from "node:net";
import { receive } from "./hand-overs.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How long after its start a child may be waited for, in milliseconds: code that hangs must hold nobody up for longer. */
const SOON_MS = 2_000;

interface Waiting {
  readonly socket: Socket;
  /** Nobody has read from it. */
  readonly isNew: boolean;
}

export class WaitingConnections {
  readonly #workers: () => Iterable<WorkerProcess>;
  #waiting: Waiting[] = [];
  #nextLook: NodeJS.Timeout | undefined;

  constructor(workers: () => Iterable<WorkerProcess>) {
    this.#workers = workers;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** One that was accepted here. */
  accept(socket: Socket): void {
    socket.on("error", () => {});
    this.#waiting.push({ socket, isNew: true });
  }

  /** One that a child gave away. */
  adopt(socket: Socket, bytes: string): void {
    socket.on("error", () => {});
    receive(socket, bytes);
    this.#waiting.push({ socket, isNew: false });
  }

  /** A child has ended; what was on its way there goes to another. */
  takeBack(worker: WorkerProcess): void {
    const socket = worker.takeBack();
    if (socket !== undefined) this.#waiting.unshift({ socket, isNew: true });
  }

  /** Gives the children what they can take. */
  giveOut(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#leastLoaded();
      if (worker === undefined || this.#waitsForBetter(worker)) return;
      const next = this.#waiting.shift() as Waiting;
      if (!next.socket.destroyed) worker.give(next.socket, next.isNew);
    }
  }

  closeAll(): void {
    clearTimeout(this.#nextLook);
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  /** The next one waits for a child that is about to serve: one that has something to do may be computing. */
  #waitsForBetter(worker: WorkerProcess): boolean {
    if (worker.isSpare || this.#waiting[0]?.isNew !== true) return false;
    const starting = [...this.#workers()].filter(({ state }) => state === "starting");
    const latest = Math.max(...starting.map(({ startedAt }) => startedAt));
    const patience = latest + SOON_MS - Date.now();
    if (patience <= 0) return false;
    this.#nextLook ??= setTimeout(() => {
      this.#nextLook = undefined;
      this.giveOut();
    }, patience);
    return true;
  }

  /** Of those that run the newest code, so that no connection moves twice. */
  #leastLoaded(): WorkerProcess | undefined {
    let best: WorkerProcess | undefined;
    for (const worker of this.#workers()) {
      if (!worker.isFree) continue;
      const newer = worker.generation - (best?.generation ?? 0);
      if (best === undefined || newer > 0 || (newer === 0 && worker.load < best.load)) best = worker;
    }
    return best;
  }
}
