// The open connections of an HTTP server. node:http knows only those that it accepted itself, and tells of none whether a
// request is on its way.

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HttpExchange } from "./http-exchange.ts";

const NONE: ReadonlySet<HttpExchange> = new Set();

interface State {
  /** Requests that are being answered, in their order; several when they are pipelined. */
  readonly exchanges: Set<HttpExchange>;
  /** A request was answered here. */
  served: boolean;
  /** How many bytes had come when there was last nothing to do; -1 when some came before there was a connection here. */
  heard: number;
}

export class HttpConnections {
  readonly #states = new Map<Socket, State>();
  #active = 0;
  #whenEmpty: (() => void) | undefined;

  /** How many requests are being answered, on all connections. */
  get active(): number {
    return this.#active;
  }

  add(socket: Socket): void {
    const heard = socket.readableLength > 0 ? -1 : 0;
    this.#states.set(socket, { exchanges: new Set(), served: false, heard });
    socket.once("close", () => {
      this.#states.delete(socket);
      if (this.#states.size === 0) this.#whenEmpty?.();
    });
  }

  begin(exchange: HttpExchange): void {
    const state = this.#states.get(exchange.socket);
    if (state === undefined) return;
    state.exchanges.add(exchange);
    this.#active++;
  }

  /** A response is over; false when that has been said before. */
  end(exchange: HttpExchange): boolean {
    if (this.#states.get(exchange.socket)?.exchanges.delete(exchange) !== true) return false;
    this.#active--;
    return true;
  }

  /** A request and its response are complete; others may be in progress. */
  finish(socket: Socket): void {
    const state = this.#states.get(socket);
    if (state === undefined || state.exchanges.size > 0) return;
    state.served = true;
    state.heard = socket.bytesRead;
  }

  /** Requests that are being answered on a connection. */
  exchangesOn(socket: Duplex): ReadonlySet<HttpExchange> {
    // node:http calls it a Duplex where it may be one that somebody else emitted.
    return this.#states.get(socket as Socket)?.exchanges ?? NONE;
  }

  /** Those on all connections. */
  *exchanges(): Iterable<HttpExchange> {
    for (const { exchanges } of this.#states.values()) yield* exchanges;
  }

  /**
   * Whether nothing is in progress and nothing has come since. The beginning of a request that came in one piece with the
   * end of the one before escapes this: only clients that may send it twice send it so early (RFC 9112 §9.3.2).
   */
  isIdle(socket: Socket): boolean {
    const state = this.#states.get(socket);
    return (
      state !== undefined &&
      state.exchanges.size === 0 &&
      state.heard === socket.bytesRead &&
      socket.writableLength === 0
    );
  }

  all(): Iterable<Socket> {
    return this.#states.keys();
  }

  /** Closes one that waits for another request; one that waits for its first one has just been opened. */
  closeIdle(socket: Socket): void {
    if (this.#states.get(socket)?.served === true && this.isIdle(socket)) socket.destroy();
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
