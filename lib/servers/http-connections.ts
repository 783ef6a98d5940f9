// The open connections of an HTTP server. node:http knows only those that it accepted itself, and tells of none whether a
// request is on its way.

import type { Socket } from "node:net";

interface State {
  /** A request was answered here. */
  served: boolean;
  /** How many bytes had come when there was last nothing to do; -1 when some came before there was a connection here. */
  heard: number;
}

export class HttpConnections {
  readonly #states = new Map<Socket, State>();
  readonly #isBusy: (socket: Socket) => boolean;
  #whenEmpty: (() => void) | undefined;

  /** @param isBusy whether a request is being answered on a connection */
  constructor(isBusy: (socket: Socket) => boolean) {
    this.#isBusy = isBusy;
  }

  add(socket: Socket): void {
    this.#states.set(socket, { served: false, heard: socket.readableLength > 0 ? -1 : 0 });
    socket.once("close", () => {
      this.#states.delete(socket);
      if (this.#states.size === 0) this.#whenEmpty?.();
    });
  }

  /** A request and its response are complete; others may be in progress. */
  finish(socket: Socket): void {
    const state = this.#states.get(socket);
    if (state === undefined || this.#isBusy(socket)) return;
    state.served = true;
    state.heard = socket.bytesRead;
  }

  /**
   * Whether nothing is in progress and nothing has come since. The beginning of a request that came in one piece with the
   * end of the one before escapes this: only clients that may send it twice send it so early (RFC 9112 §9.3.2).
   */
  isIdle(socket: Socket): boolean {
    return (
      !this.#isBusy(socket) &&
      this.#states.get(socket)?.heard === socket.bytesRead &&
      socket.writableLength === 0
    );
  }

  all(): Iterable<Socket> {
    return this.#states.keys();
  }

  /** Closes those that wait for another request; those that wait for their first one have just been opened. */
  closeIdle(): void {
    for (const [socket, { served }] of this.#states) if (served && this.isIdle(socket)) socket.destroy();
  }

  closeAll(): void {
    for (const socket of this.#states.keys()) socket.destroy();
  }

  /** Resolves when none is left. */
  empty(): Promise<void> {
    if (this.#states.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }
}
