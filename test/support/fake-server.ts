// A server that says what a test types, on a unix socket or a port, to the clients that lib has.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { FastCgiRecord } from "./fastcgi-client.ts";
import { temporaryFolder } from "./folder.ts";

/** One connection, as the server has it. */
export class FakeConnection {
  readonly socket: Socket;
  /** All bytes that came. */
  received = Buffer.alloc(0);
  /** The client has ended its side, or reset it. */
  ended = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.#wake();
    });
    // A client that goes away may reset.
    socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.ended = true;
        this.#wake();
      });
    }
  }

  /** The FastCGI records that came whole (§3.3 of the specification). */
  get records(): FastCgiRecord[] {
    const records: FastCgiRecord[] = [];
    for (let at = 0; this.received.length - at >= 8; ) {
      const start = at + 8;
      const end = start + this.received.readUInt16BE(at + 4);
      if (end > this.received.length) break;
      records.push({
        type: this.received.readUInt8(at + 1),
        id: this.received.readUInt16BE(at + 2),
        content: this.received.subarray(start, end),
      });
      at = end + this.received.readUInt8(at + 6);
    }
    return records;
  }

  /** The bytes of one FastCGI stream so far. */
  stream(type: number): Buffer {
    return Buffer.concat(this.records.filter((one) => one.type === type).map((one) => one.content));
  }

  /** How often a FastCGI stream has ended: once for each request. */
  endsOf(type: number): number {
    return this.records.filter((one) => one.type === type && one.content.length === 0).length;
  }

  async until(holds: (connection: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Sends pieces, each of which arrives by itself. */
  async send(...pieces: Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => this.socket.write(piece, () => resolve()));
      if (pieces.length > 1) await new Promise(setImmediate);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export interface FakeServer {
  readonly address: string;
  readonly connections: FakeConnection[];
  /** The most that were open at once. */
  readonly mostOpen: number;
  close(): Promise<void>;
}

/**
 * Does `serve` with each connection. Closed when the test that called this has finished.
 *
 * @param overTcp on a port instead of a unix socket
 */
export async function fakeServer(
  serve: (connection: FakeConnection, number: number) => unknown,
  overTcp = false,
): Promise<FakeServer> {
  const folder = temporaryFolder();
  const connections: FakeConnection[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    mostOpen = Math.max(mostOpen, ++open);
    socket.on("close", () => open--);
    const connection = new FakeConnection(socket);
    connections.push(connection);
    void serve(connection, connections.length);
  });
  if (overTcp) server.listen(0, "127.0.0.1");
  else server.listen(join(folder.path, "fake"));
  await once(server, "listening");
  const address = overTcp ? `127.0.0.1:${(server.address() as AddressInfo).port}` : join(folder.path, "fake");
  const close = async (): Promise<void> => {
    for (const { socket } of connections) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    folder.remove();
  };
  onTestFinished(close);
  return {
    address,
    connections,
    get mostOpen() {
      return mostOpen;
    },
    close,
  };
}
