import type { Socket } from "node:net";

/** Looks in the time of a time-out, which comes later by one of them at the most. */
const LOOKS = 8;

/**
 * Tells when no byte has gone either way over a socket for a time. A socket's own time-out begins anew with each read and
 * write, which is 4 % of what a small request costs; here the bytes are counted now and then. Only where bytes wait to be
 * written is it the socket's own that counts, since nothing else tells whether the kernel still takes some of them.
 */
export class IdleTimer {
  readonly #socket: Socket;
  readonly #milliseconds: number;
  readonly #onIdle: () => void;
  #bytes = 0;
  #quietLooks = 0;
  /** The socket's own time-out runs. */
  #writing = false;

  constructor(socket: Socket, milliseconds: number, onIdle: () => void) {
    this.#socket = socket;
    this.#milliseconds = milliseconds;
    this.#onIdle = onIdle;
    const timer = setInterval(() => this.#look(), milliseconds / LOOKS).unref();
    socket.once("close", () => clearInterval(timer));
    socket.on("timeout", () => {
      this.#watchWriting(false);
      onIdle();
    });
  }

  #look(): void {
    const socket = this.#socket;
    const writing = socket.writableLength > 0;
    if (writing !== this.#writing) this.#watchWriting(writing);
    const bytes = socket.bytesRead + socket.bytesWritten;
    if (writing || bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#quietLooks = 0;
    } else if (++this.#quietLooks === LOOKS) {
      this.#quietLooks = 0;
      this.#onIdle();
    }
  }

  #watchWriting(writing: boolean): void {
    this.#writing = writing;
    this.#socket.setTimeout(writing ? this.#milliseconds : 0);
  }
}
