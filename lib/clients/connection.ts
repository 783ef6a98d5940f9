import type { Socket } from "node:net";

const EMPTY = new Uint8Array(0);

/** The request that has a connection. */
export interface ConnectionUser {
  onData(bytes: Buffer): void;
  /** The server has ended its side. */
  onHalfClose(): void;
  /** The connection is gone; `error` says why, where there is a reason. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
  /** No byte went either way for a while. */
  onTimeout(): void;
}

/** A connection to the server, for one request at a time. One that has none keeps no process from ending. */
export class Connection {
  /** Bytes have come: the server has accepted it, and somebody there looks after it. */
  answered = false;
  /** The number of its request, among those of the pool. */
  number = 0;
  readonly #socket: Socket;
  #user: ConnectionUser | undefined;
  #error: NodeJS.ErrnoException | undefined;
  #waiting: (() => void)[] = [];

  /** @param onClose called once it is gone, behind its user */
  constructor(socket: Socket, onClose: (connection: Connection) => void) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.answered = true;
      if (this.#user === undefined) socket.destroy();
      else this.#user.onData(bytes);
    });
    socket.on("end", () => {
      if (this.#user === undefined) socket.destroy();
      else if ("address" in socket.address()) this.#distinguishEnd();
      else this.#user.onHalfClose();
    });
    socket.on("timeout", () => {
      if (this.#user === undefined) socket.destroy();
      else this.#user.onTimeout();
    });
    socket.on("drain", this.#wake);
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.#wake();
      this.#user?.onClose(this.#error);
      onClose(this);
    });
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  /** The server does not keep up with what it is sent. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get paused(): boolean {
    return this.#socket.isPaused();
  }

  /** @param timeoutMs of silence, until its user is told */
  use(user: ConnectionUser, timeoutMs: number): void {
    this.#user = user;
    this.#socket.ref();
    this.#socket.resume();
    this.watch(timeoutMs);
  }

  /** Its user has done with it. @param timeoutMs until it is closed */
  rest(timeoutMs: number): void {
    this.#user = undefined;
    this.#socket.unref();
    this.#socket.resume();
    this.watch(timeoutMs);
  }

  /** Begins to count the silence anew. */
  watch(timeoutMs: number): void {
    // Node's own timers end at 2^31 milliseconds.
    this.#socket.setTimeout(timeoutMs < 0x7fffffff ? timeoutMs : 0);
  }

  send(pieces: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Settles when the server has read enough, or has gone. */
  drained(): Promise<void> {
    if (!this.open || !this.full) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Node takes a reset that arrives together with the last bytes for an end. Sending nothing fails after a reset, and only
   * then. A unix socket, whose address is empty, knows no reset, and this would fail on it after an ordinary end.
   */
  #distinguishEnd(): void {
    this.#socket.write(EMPTY, (error) => {
      if (error === undefined || error === null) this.#user?.onHalfClose();
    });
  }

  readonly #wake = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  };
}
