// The connections of one client: never more than its limit, those that wait for one in their order, idle ones kept for a
// while.

import { connect, type Socket } from "node:net";
import { type Address, formatAddress } from "../gateway/protocol-server.ts";
import { Connection } from "./connection.ts";
import { connectFailure, ForwardingError, TIMED_OUT, UNAVAILABLE } from "./forwarding-error.ts";
import type { ClientLimits } from "./options.ts";

/** How long a request may wait beside idle connections, in milliseconds, until it is taken to wait for one of theirs. */
const STARVING_MS = 50;

/** What the connections of a client are doing. */
export interface PoolCounts {
  /** Connections that are open, or being opened. */
  readonly open: number;
  /** Those of them that have no request. */
  readonly idle: number;
  /** Requests that wait for one. */
  readonly waiting: number;
}

/** A request that waits. It is given a connection, or leave to open one. */
interface Waiter {
  readonly fresh: boolean;
  readonly resolve: (connection: Connection | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

export class ConnectionPool {
  /** Such as `the FastCGI server at 127.0.0.1:9000`. */
  readonly where: string;
  readonly #address: Address;
  readonly #limits: ClientLimits;
  /** With those that are being opened. */
  #open = 0;
  /** Those that have a request. */
  readonly #busy = new Set<Connection>();
  /** The one that was used last is the last one, so that those that are not needed grow old. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Waiter>();
  #requests = 0;
  #starving: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onEmpty: () => void = () => {};

  /** @param protocol its name, as it stands in messages */
  constructor(protocol: string, address: Address, limits: ClientLimits) {
    this.where = `the ${protocol} server at ${formatAddress(address)}`;
    this.#address = address;
    this.#limits = limits;
  }

  get counts(): PoolCounts {
    return { open: this.#open, idle: this.#idle.length, waiting: this.#waiting.size };
  }

  /**
   * A connection for one request, which is given back or destroyed.
   *
   * @param fresh one on which nothing was sent yet
   * @throws {ForwardingError} `CLOSED`, `TOO_MANY_WAITING`, `WAIT_TIMEOUT`, `CONNECT_FAILED` or `CONNECT_TIMEOUT`
   * @throws the signal's reason
   */
  async take(fresh: boolean, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#closing !== undefined) throw this.#closed();
    const kept = fresh ? undefined : this.#takeIdle();
    if (kept !== undefined) return this.#begin(kept);
    if (this.#open < this.#limits.maxConnections) {
      this.#open++;
    } else {
      // An idle one makes room for a fresh one once its socket has closed.
      const replaced = this.#idle.shift();
      if (replaced === undefined) this.#refuseWaiting();
      replaced?.destroy();
      const given = await this.#wait(fresh, signal);
      if (given !== undefined) return this.#begin(given);
    }
    return this.#begin(new Connection(await this.#connect(signal), this.#onClose));
  }

  /** A request is over, and the server keeps the connection. */
  give(connection: Connection): void {
    this.#busy.delete(connection);
    const [waiter] = this.#waiting;
    if (this.#closing !== undefined || !this.#mayKeep(connection)) {
      connection.destroy();
    } else if (waiter !== undefined && !waiter.fresh) {
      this.#waiting.delete(waiter);
      waiter.resolve(connection);
    } else if (waiter === undefined && this.#idle.length < this.#limits.maxIdle) {
      connection.rest(this.#limits.idleTimeoutMs);
      this.#idle.push(connection);
      this.#watchStarving();
    } else {
      connection.destroy();
    }
  }

  /** Opens no more connections, closes idle ones, and waits for those that have a request. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#open === 0) resolve();
      for (const waiter of this.#waiting) waiter.reject(this.#closed());
      this.#waiting.clear();
      for (const connection of this.#idle.splice(0)) connection.destroy();
    });
    return this.#closing;
  }

  /**
   * A server with a process for each connection, such as PHP-FPM, has none for others as long as one is kept. So none is
   * kept while an older request on another has had no byte of an answer: it may be waiting for just this process.
   */
  #mayKeep({ number }: Connection): boolean {
    return this.#limits.maxIdle > 0 && !this.#hasUnanswered(number);
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.open) return connection;
    }
  }

  #begin(connection: Connection): Connection {
    connection.number = ++this.#requests;
    this.#busy.add(connection);
    this.#watchStarving();
    return connection;
  }

  /** For the same reason idle ones are closed when a request has waited for a while: for one of them, as it seems. */
  #watchStarving(): void {
    if (this.#starving !== undefined || this.#idle.length === 0 || !this.#hasUnanswered(this.#requests))
      return;
    const begun = this.#requests;
    this.#starving = setTimeout(() => {
      this.#starving = undefined;
      if (this.#hasUnanswered(begun)) for (const connection of this.#idle.splice(0)) connection.destroy();
      this.#watchStarving();
    }, STARVING_MS);
    this.#starving.unref();
  }

  /** Whether one of the requests up to this number has had no byte of an answer, on a connection that never had any. */
  #hasUnanswered(number: number): boolean {
    for (const other of this.#busy) if (!other.answered && other.number <= number) return true;
    return false;
  }

  readonly #onClose = (connection: Connection): void => {
    this.#busy.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#release();
  };

  /** There is room for another connection: who waits longest opens it. */
  #release(): void {
    const [waiter] = this.#waiting;
    if (waiter !== undefined) {
      this.#waiting.delete(waiter);
      waiter.resolve(undefined);
      return;
    }
    this.#open--;
    if (this.#open === 0) this.#onEmpty();
  }

  #refuseWaiting(): void {
    const { maxWaiting, maxConnections } = this.#limits;
    if (this.#waiting.size < maxWaiting) return;
    throw new ForwardingError(
      UNAVAILABLE,
      "TOO_MANY_WAITING",
      `all ${maxConnections} connections to ${this.where} are busy ("maxConnections"), and ${maxWaiting} requests wait ` +
        'for one already ("maxWaiting")',
    );
  }

  #wait(fresh: boolean, signal: AbortSignal): Promise<Connection | undefined> {
    const { waitTimeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        fresh,
        resolve(connection) {
          settle();
          resolve(connection);
        },
        reject(reason) {
          settle();
          reject(reason);
        },
      };
      const leave = (reason: unknown): void => {
        this.#waiting.delete(waiter);
        waiter.reject(reason);
      };
      const onAbort = (): void => leave(signal.reason);
      const cancelTimer = after(waitTimeoutMs, () => {
        const message = `no connection to ${this.where} became free in ${waitTimeoutMs} ms ("waitTimeoutMs")`;
        leave(new ForwardingError(UNAVAILABLE, "WAIT_TIMEOUT", message));
      });
      const settle = (): void => {
        cancelTimer();
        signal.removeEventListener("abort", onAbort);
      };
      signal.addEventListener("abort", onAbort);
      this.#waiting.add(waiter);
    });
  }

  /** Opens a connection in the room that was made for it. */
  #connect(signal: AbortSignal): Promise<Socket> {
    const { connectTimeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const socket = connect({ ...this.#address, noDelay: true, allowHalfOpen: true });
      const fail = (reason: unknown): void => {
        settle();
        socket.on("error", () => {});
        socket.destroy();
        reject(reason);
        this.#release();
      };
      const onAbort = (): void => fail(signal.reason);
      const onError = (error: NodeJS.ErrnoException): void => fail(connectFailure(this.where, error));
      const onConnect = (): void => {
        settle();
        resolve(socket);
      };
      const cancelTimer = after(connectTimeoutMs, () => {
        const message = `${this.where} took no connection in ${connectTimeoutMs} ms ("connectTimeoutMs")`;
        fail(new ForwardingError(TIMED_OUT, "CONNECT_TIMEOUT", message));
      });
      const settle = (): void => {
        cancelTimer();
        signal.removeEventListener("abort", onAbort);
        socket.off("error", onError).off("connect", onConnect);
      };
      signal.addEventListener("abort", onAbort);
      socket.on("error", onError).on("connect", onConnect);
    });
  }

  #closed(): ForwardingError {
    return new ForwardingError(UNAVAILABLE, "CLOSED", `the client of ${this.where} was closed`);
  }
}

/** Calls back later, if it is not cancelled. */
function after(ms: number, callback: () => void): () => void {
  // Node's own timers end at 2^31 milliseconds.
  if (ms >= 0x7fffffff) return () => {};
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
