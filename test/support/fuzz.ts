// Good streams, damaged: a server loses no request, no connection, no descriptor, no memory and no error over any of them.
// What is good in a protocol, and how it is damaged, the test of that protocol says.
//
// A test plays STREAMS streams, AT_ONCE at a time, from a fixed seed on: some 10 to 20 seconds on two cores. The time is
// bounded: a stream ends when its server has closed the connection, and is a failure after PATIENCE_MS; all together end
// after LIMIT_MS. POSTERN_FUZZ_STREAMS makes it longer, POSTERN_FUZZ_SEED begins elsewhere.

import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import type { ProtocolServer } from "../../lib/gateway/protocol-server.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import type { ServerOptions } from "../../lib/servers/options.ts";
import { temporaryFolder } from "./folder.ts";
import { until } from "./until.ts";

const STREAMS = 5_000;
const streams = Number(process.env["POSTERN_FUZZ_STREAMS"] ?? STREAMS);
const firstSeed = Number(process.env["POSTERN_FUZZ_SEED"] ?? 1);
const AT_ONCE = 64;
/** How long one stream may take, from its last byte to the end of its connection; much longer than a server waits. */
const PATIENCE_MS = 60_000;
const LIMIT_MS = 300_000 * Math.max(1, streams / STREAMS);
/** Streams behind which a good request has to be answered. Behind the first so many all is made that is made once. */
const BATCH = 500;
/** What the rest of the streams may leave in memory. A kilobyte for each would be more. */
const MAX_LEFT_BYTES = 4 * 1024 * 1024;

/** Paths of {@link fuzzApplication}, which ends a request in each way there is. */
export const FUZZ_PATHS = ["/array", "/body", "/stream", "/write", "/wait", "/fail", "/late", "/noise"];

/** The longest body that a server under test takes. */
export const FUZZ_MAX_BODY_BYTES = 60_000;

/** mulberry32: the same numbers for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 on, below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}

export interface FuzzedProtocol {
  createServer(application: Application, options: ServerOptions): ProtocolServer;

  /** What a good peer sends on one connection, in pieces that a protocol knows: records, packets, a head and a body. */
  stream(dice: Dice): Buffer[];

  /** Bytes at the beginning of a piece that say what it is. Most damage is done there. */
  readonly headBytes: number;

  /** Damages of this protocol alone, in place. A piece that is too short for one stays as it is. */
  readonly damages: readonly ((piece: Buffer, dice: Dice) => void)[];

  /** For a protocol whose server asks: what to send for what has come. Called once for each connection. */
  answer?(dice: Dice): (received: Buffer) => Uint8Array | undefined;

  /** Throws when what a server has sent on one connection cannot have come from a good one. */
  check(received: Buffer): void;

  /** A good request on a connection of its own; rejects when it is not answered well. */
  ask(path: string): Promise<void>;
}

/** Defines the test of a protocol. */
export function fuzz(protocol: FuzzedProtocol): void {
  test(`${streams} damaged streams, from seed ${firstSeed} on`, () => run(protocol), LIMIT_MS);
}

async function run(protocol: FuzzedProtocol): Promise<void> {
  const descriptors = openDescriptors();
  const folder = temporaryFolder();
  const path = join(folder.path, "app.sock");
  const strays: unknown[] = [];
  const stray = (error: unknown) => strays.push(error);
  process.on("uncaughtException", stray).on("unhandledRejection", stray);
  // Where an application's log goes that no peer takes.
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  // Thousands of streams end with an error, and vitest looks up the source of every frame that an error has.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 2;
  const { server, drain } = protocol.createServer(validate(fuzzApplication), {
    idleTimeoutMs: 300,
    requestTimeoutMs: 40,
    maxBodyBytes: FUZZ_MAX_BODY_BYTES,
    log: () => {},
  });
  server.listen(path);
  await once(server, "listening");

  const failures: Error[] = [];
  let seed = firstSeed;
  const worker = async (end: number): Promise<void> => {
    while (seed < end && strays.length === 0 && failures.length === 0) {
      const own = seed++;
      try {
        await playOne(protocol, path, own);
      } catch (error) {
        failures.push(new Error(`POSTERN_FUZZ_SEED=${own}`, { cause: error }));
      }
    }
  };
  const playUpTo = async (end: number): Promise<void> => {
    await Promise.all(Array.from({ length: AT_ONCE }, () => worker(end)));
    if (failures.length > 0) throw failures[0];
    expect(strays, `errors that nothing caught, near POSTERN_FUZZ_SEED=${seed - AT_ONCE}`).toEqual([]);
    await until("every connection is closed", () => isWithoutConnections(server));
    await until("every application has finished", () => inside === 0);
    await until("every body was left", () => openBodies().length === 0);
    // A mock keeps all that it was called with, which is no memory of the server's.
    stderr.mockClear();
    await protocol.ask(path);
  };
  try {
    await playUpTo(firstSeed + BATCH);
    const before = await usedMemory();
    for (let end = 2 * BATCH; end <= streams; end += BATCH) await playUpTo(firstSeed + end);
    expect((await usedMemory()) - before, "bytes left in memory").toBeLessThan(MAX_LEFT_BYTES);
  } finally {
    process.off("uncaughtException", stray).off("unhandledRejection", stray);
    stderr.mockRestore();
    Error.stackTraceLimit = stackTraceLimit;
    await drain();
    folder.remove();
  }
  await until("every descriptor is closed", () => openDescriptors() === descriptors);
}

async function playOne(protocol: FuzzedProtocol, path: string, seed: number): Promise<void> {
  const dice = new Dice(seed);
  const pieces = damage(protocol, protocol.stream(dice), dice);
  protocol.check(await play(path, pieces, dice, protocol.answer?.(new Dice(dice.below(2 ** 31)))));
}

function damage({ headBytes, damages }: FuzzedProtocol, stream: Buffer[], dice: Dice): Buffer[] {
  const pieces = stream.map((piece) => Buffer.from(piece));
  for (let times = dice.below(4); times > 0; times--) {
    const at = dice.below(pieces.length);
    const piece = pieces[at] ?? Buffer.alloc(0);
    if (piece.length === 0) continue;
    switch (dice.below(5 + damages.length)) {
      case 0: {
        // a bit, mostly of the head
        const place = dice.below(Math.min(piece.length, dice.of([headBytes, piece.length])));
        piece.writeUInt8(piece.readUInt8(place) ^ (1 << dice.below(8)), place);
        break;
      }
      case 1: // a piece twice
        pieces.splice(dice.below(pieces.length), 0, piece);
        break;
      case 2: // a piece less
        pieces.splice(at, 1);
        break;
      case 3: // some bytes less
        pieces[at] = piece.subarray(0, dice.below(piece.length + 1));
        break;
      case 4: // two pieces in each other's place
        pieces.push(...pieces.splice(at, 1));
        break;
      default:
        dice.of(damages)(piece, dice);
    }
  }
  return pieces;
}

/** Sends a stream as it comes, and leaves as peers leave; gives what came. */
async function play(
  path: string,
  pieces: Buffer[],
  dice: Dice,
  answer?: (received: Buffer) => Uint8Array | undefined,
): Promise<Buffer> {
  const socket = connect({ path, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on("data", (bytes) => {
    received.push(bytes);
    const more = answer?.(bytes);
    if (more !== undefined && socket.writable) socket.write(more);
  });
  socket.on("error", () => {});
  const ended = new Promise((resolve) => socket.once("end", resolve));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
  const leave = dice.below(4);
  await send(socket, Buffer.concat(pieces), dice, closed);
  const patience = setTimeout(() => socket.destroy(new Error("stuck")), PATIENCE_MS);
  if (leave === 0) socket.destroy();
  else if (leave === 1) socket.end();
  else if (leave === 2) setTimeout(() => socket.destroy(), dice.below(20));
  void ended.then(() => socket.end());
  await closed;
  clearTimeout(patience);
  if (socket.errored?.message === "stuck") throw new Error("the server does not close the connection");
  return Buffer.concat(received);
}

async function send(socket: Socket, bytes: Buffer, dice: Dice, closed: Promise<unknown>): Promise<void> {
  let cut = dice.of([1, 16, 4_096, 65_536]);
  for (let at = 0; at < bytes.length && socket.writable; ) {
    const size = 1 + dice.below(cut);
    const more = socket.write(bytes.subarray(at, at + size));
    at += size;
    // Each piece costs its time on both sides; the beginning of a stream is enough.
    if (at > (cut < 100 ? 200 : 10_000)) cut = 65_536;
    if (!more) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    else if (dice.below(3) === 0) await new Promise(setImmediate);
  }
}

let inside = 0;

const fuzzApplication: Application = async (environ, startResponse) => {
  const signal = environ["postern.signal"];
  const start = () => startResponse("200 OK", [["Content-Type", "text/plain"]]);
  inside++;
  try {
    switch (environ.PATH_INFO) {
      case "/body": {
        let size = 0;
        for await (const chunk of environ["wsgi.input"]) size += chunk.length;
        start();
        return [String(size)];
      }
      case "/stream":
        start();
        return (async function* () {
          for await (const chunk of environ["wsgi.input"]) yield chunk as Buffer;
          yield "end";
        })();
      case "/write":
        await start()("x".repeat(20_000));
        return ["end"];
      case "/wait":
        await Promise.race([once(signal, "abort"), new Promise((resolve) => setTimeout(resolve, 20))]);
        break;
      case "/fail":
        throw new DOMException("as it should", "AbortError");
      case "/late":
        await new Promise((resolve) => setTimeout(resolve, 60));
        break;
      case "/noise":
        environ["wsgi.errors"].write("line\n");
    }
    start();
    return ["x".repeat(100)];
  } finally {
    inside--;
  }
};

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function isWithoutConnections(server: ProtocolServer["server"]): Promise<boolean> {
  return new Promise((resolve) => {
    server.getConnections((_error, count) => resolve(count === 0));
  });
}

/** Bytes that are still used when nothing unused is left. What one collection finishes off, the next one frees. */
async function usedMemory(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let used = Number.POSITIVE_INFINITY;
  for (;;) {
    collect();
    await new Promise(setImmediate);
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + external + arrayBuffers;
    if (now > used - 50_000) return Math.min(now, used);
    used = now;
  }
}
