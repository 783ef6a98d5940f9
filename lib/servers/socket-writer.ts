import type { Socket } from "node:net";

/**
 * Bytes that may wait for the peer before an application does: two chunks as Node reads them. Room for one more while one is
 * on its way saves half of the waits; a socket's own mark of 16 KB leaves no such room.
 */
const AHEAD_BYTES = 131_072;

/** The way out of a connection. Nothing goes to a peer that has gone, and who has written enough can wait. */
export class SocketWriter {
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The peer keeps up with what it is sent. */
  get writable(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  /** An application need not wait before it gives more. */
  get hasRoom(): boolean {
    return !this.#failed && (this.writable || this.#socket.writableLength < AHEAD_BYTES);
  }

  send(bytes: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** One code point is one byte. */
  sendText(text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(text, "latin1");
  }

  sendAll(pieces: readonly Uint8Array[]): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Settles when the peer has read enough, or has gone. */
  drained(): Promise<void> {
    if (this.#socket.destroyed || (this.writable && !this.#failed)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** For the connection to call when its socket has drained or closed: those that wait go on. */
  wake(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** A write has failed, which closes the socket in a moment: until then an application would go on for nobody. */
  get #failed(): boolean {
    return this.#socket.errored !== null;
  }
}
