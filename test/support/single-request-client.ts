// A client for tests of the protocols in which a connection carries one request and its end is the end of the response.

import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";

export class SingleRequestClient {
  readonly #socket: Socket;
  readonly #waiting = new Set<() => void>();
  readonly #chunks: Buffer[] = [];
  readonly #overTcp: boolean;
  #closed = false;
  /** The connection ended with an error, such as a reset. */
  failed = false;

  /** Resolves once it is connected. */
  static async connect(address: NetConnectOpts): Promise<SingleRequestClient> {
    const socket = connect({ allowHalfOpen: true, ...address });
    await once(socket, "connect");
    return new SingleRequestClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#overTcp = socket.remoteAddress !== undefined;
    socket.on("data", (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#wake();
    });
    socket.on("error", () => {
      this.failed = true;
    });
    socket.on("end", () => this.#askWhetherReset());
    socket.on("close", () => this.#close());
  }

  /** All that has come. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** In how many reads it has come. */
  get reads(): number {
    return this.#chunks.length;
  }

  /** Sends bytes as they are. The promise settles when they are all on their way, or the peer has gone. */
  async send(...bytes: Uint8Array[]): Promise<void> {
    for (const piece of bytes) {
      if (this.#socket.destroyed) return;
      await new Promise<void>((resolve) => this.#socket.write(piece, () => resolve()));
    }
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Goes away at once, as a web server does whose client has gone. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Stops and starts reading, for a peer that does not take what it is sent. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Waits until a piece of text has come; throws when the connection ends first. */
  async receives(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      if (this.#closed) throw new Error(`ended without ${JSON.stringify(text)}: ${this.received}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** All that came, once the server has ended the connection. */
  async reply(): Promise<Buffer> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.received;
  }

  /**
   * Of a reset that comes together with bytes Node makes an orderly end, as of one on which libuv has read less than it
   * could. But nothing can be written to a connection that was reset. A unix socket knows no resets.
   */
  #askWhetherReset(): void {
    if (!this.#overTcp || this.#socket.writableEnded) this.#close();
    else this.#socket.write("\n", () => this.#close());
  }

  #close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
