import type { Socket } from "node:net";

/** Looks in the time of a time-out, which comes later by one of them at the most. */
const LOOKS = 8;

/** Who is told that nothing happens. */
interface Idler {
  /** No byte has gone either way for the time, and again for each such time behind it. */
  idle(): void;
}

/**
 * Tells when no byte has gone either way over a socket for a time. A socket's own time-out begins anew with each read and
 * write, which is 4 % of what a small request costs, and is made for each connection; here the bytes of all are counted now
 * and then. Only where bytes wait to be written is it the socket's own that counts, since nothing else tells whether the
 * kernel still takes some of them.
 */
export class IdleWatch {
  readonly #milliseconds: number;
  readonly #watched = new Set<WatchedSocket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Watches a socket until it is forgotten, which it has to be when it closes. */
  watch(socket: Socket, idler: Idler): WatchedSocket {
    const watched = new WatchedSocket(socket, idler, this.#milliseconds);
    this.#watched.add(watched);
    this.#timer ??= setInterval(this.#look, this.#milliseconds / LOOKS).unref();
    return watched;
  }

  forget(watched: WatchedSocket): void {
    this.#watched.delete(watched);
  }

  readonly #look = (): void => {
    for (const watched of this.#watched) watched.look();
    // Not where the last one is forgotten: where connections are short, the next comes at once.
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}

class WatchedSocket {
  readonly #socket: Socket;
  readonly #idler: Idler;
  readonly #milliseconds: number;
  /** Less than any socket has at the first look, in front of which it was there for less than the time between two. */
  #bytes = -1;
  #quietLooks = 0;
  /** The socket's own time-out runs. */
  #writing = false;

  constructor(socket: Socket, idler: Idler, milliseconds: number) {
    this.#socket = socket;
    this.#idler = idler;
    this.#milliseconds = milliseconds;
  }

  look(): void {
    const socket = this.#socket;
    const writing = socket.writableLength > 0;
    if (writing !== this.#writing) this.#watchWriting(writing);
    const bytes = socket.bytesRead + socket.bytesWritten;
    if (writing || bytes !== this.#bytes) {
      // What waited is counted as written already, and goes at some time in front of the next look.
      this.#bytes = writing ? -1 : bytes;
      this.#quietLooks = 0;
    } else if (++this.#quietLooks === LOOKS) {
      this.#quietLooks = 0;
      this.#idler.idle();
    }
  }

  #watchWriting(writing: boolean): void {
    this.#writing = writing;
    if (writing) this.#socket.once("timeout", this.#onTimeout);
    else this.#socket.off("timeout", this.#onTimeout);
    this.#socket.setTimeout(writing ? this.#milliseconds : 0);
  }

  readonly #onTimeout = (): void => {
    this.#watchWriting(false);
    this.#idler.idle();
  };
}
