// Connections on their way from one process to another, without a byte lost.
//
// Node reads from a connection from the moment in which it has it until its end is closed, also while it is being sent; what
// it reads then would be lost. So a connection is sent and closed in one go, before the event loop can read again: the
// kernel keeps a connection that is on its way open. What had been read before goes along. That takes a channel that is
// free, since Node holds a second connection back until the first one has arrived: each is acknowledged.

import type { Socket } from "node:net";
import type { HandOver } from "../../gateway/protocol-server.ts";

/** How often connections that were not idle are looked at again, in milliseconds. */
const LOOK_MS = 20;

/** Sends a connection with what has been read of it. */
type Send = (socket: Socket, bytes: string) => void;

/** Connections that a process gives away, one after the other, each as soon as it is idle. */
export class HandOvers {
  readonly #send: Send;
  readonly #offers = new Map<Socket, () => boolean>();
  #onItsWay = false;
  #look: NodeJS.Timeout | undefined;
  #whenSettled: (() => void) | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  readonly offer: HandOver = (socket, isIdle) => {
    if (!this.#offers.has(socket)) socket.once("close", () => this.#offers.delete(socket));
    this.#offers.set(socket, isIdle);
    this.#next();
  };

  /** The one on its way has arrived. */
  arrived(): void {
    this.#onItsWay = false;
    this.#next();
    if (!this.#onItsWay) this.#whenSettled?.();
  }

  /** Resolves when none is on its way. */
  settled(): Promise<void> {
    if (!this.#onItsWay) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenSettled = resolve;
    });
  }

  /** The one on its way is not waited for any more: who has no descriptor left never says that it has arrived. */
  giveUp(): void {
    this.#onItsWay = false;
    this.#whenSettled?.();
  }

  #next(): void {
    clearTimeout(this.#look);
    if (this.#onItsWay) return;
    for (const [socket, isIdle] of this.#offers) {
      if (!isIdle() || !isOpen(socket) || isBeingRead(socket)) continue;
      this.#offers.delete(socket);
      this.#onItsWay = true;
      sendAway(socket, this.#send);
      return;
    }
    if (this.#offers.size > 0) this.#look = setTimeout(() => this.#next(), LOOK_MS);
  }
}

/** Sends a connection that nobody reads from, and closes our end. */
export function sendAway(socket: Socket, send: Send): void {
  send(socket, unread(socket));
  socket.destroy();
}

/** Takes a connection that another process has sent. */
export function receive(socket: Socket, bytes: string): void {
  // As our servers accept them.
  socket.allowHalfOpen = true;
  if (bytes !== "") socket.unshift(Buffer.from(bytes, "latin1"));
}

/** What has come and nobody has seen. */
function unread(socket: Socket): string {
  let bytes = "";
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return bytes;
    bytes += chunk.toString("latin1");
  }
}

function isOpen(socket: Socket): boolean {
  return socket.readable && socket.writable;
}

/** Bytes have come that its reader has not seen yet, and would see if they were taken now. */
function isBeingRead(socket: Socket): boolean {
  return socket.readableLength > 0 && socket.listenerCount("data") > 0;
}
