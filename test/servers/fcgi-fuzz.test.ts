// Good streams, damaged: a FastCGI server loses no request, no connection and no error over any of them. The seed is fixed;
// POSTERN_FUZZ_SECONDS makes it longer, POSTERN_FUZZ_SEED begins elsewhere.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { openBodies, validate } from "../../lib/middleware/validate.ts";
import { createServer } from "../../lib/servers/fcgi.ts";
import {
  ABORT_REQUEST,
  AUTHORIZER,
  beginRequest,
  END_REQUEST,
  encodePairs,
  FastCgiClient,
  GET_VALUES,
  GET_VALUES_RESULT,
  KEEP_CONN,
  PARAMS,
  type Pair,
  record,
  records,
  responderRequest,
  STDERR,
  STDIN,
  STDOUT,
  UNKNOWN_TYPE,
} from "../support/fastcgi-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const seconds = Number(process.env["POSTERN_FUZZ_SECONDS"] ?? 5);
const firstSeed = Number(process.env["POSTERN_FUZZ_SEED"] ?? 1);
const AT_ONCE = 32;
/** How long one stream may take, from its last byte to the end of its connection. */
const PATIENCE_MS = 5_000;
const FROM_THE_SERVER = new Set([END_REQUEST, STDOUT, STDERR, GET_VALUES_RESULT, UNKNOWN_TYPE]);

/** mulberry32: the same numbers for the same seed. */
class Dice {
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

function variables(path: string, ...more: Pair[]): Pair[] {
  return [
    ["REQUEST_METHOD", "POST"],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", path],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["HTTP_X_LONG", "v".repeat(300)],
    ...more,
  ];
}

const PATHS = ["/array", "/body", "/stream", "/write", "/wait", "/fail", "/late", "/noise"];

/** What a good peer sends, as the records it sends. */
function goodStream(dice: Dice): Buffer[] {
  const one = (id: number): Buffer[] => {
    const body = Buffer.alloc(dice.of([0, 1, 5, 1_000, 70_000]), "b");
    const length: Pair[] = dice.below(2) === 0 ? [] : [["CONTENT_LENGTH", String(body.length)]];
    const pairs = encodePairs(variables(dice.of(PATHS), ...length));
    return [
      beginRequest(id, dice.of([0, KEEP_CONN]), dice.of([1, 1, 1, AUTHORIZER, 3])),
      ...records(PARAMS, id, pairs, dice.of([7, 100, 65_535])),
      record(PARAMS, id),
      ...records(STDIN, id, body, dice.of([100, 8_192, 65_535])),
      record(STDIN, id, undefined, dice.below(8)),
      ...(dice.below(5) === 0 ? [record(ABORT_REQUEST, id)] : []),
    ];
  };
  const stream = one(1);
  for (let id = 2; id <= 1 + dice.below(4); id++) {
    const other = one(id);
    if (dice.below(2) === 0) stream.push(...other);
    else for (const piece of other) stream.splice(dice.below(stream.length + 1), 0, piece);
  }
  const asked = encodePairs([["FCGI_MPXS_CONNS", ""]]);
  if (dice.below(4) === 0) stream.splice(dice.below(stream.length), 0, record(GET_VALUES, 0, asked, 3));
  if (dice.below(8) === 0) stream.splice(dice.below(stream.length), 0, record(77, 0, asked));
  return stream;
}

function damage(stream: Buffer[], dice: Dice): Buffer[] {
  const pieces = stream.map((piece) => Buffer.from(piece));
  for (let times = dice.below(4); times > 0; times--) {
    const at = dice.below(pieces.length);
    const piece = pieces[at] ?? Buffer.alloc(0);
    if (piece.length < 8) continue;
    switch (dice.below(8)) {
      case 0: {
        // a bit, mostly of a header
        const place = dice.below(dice.of([8, piece.length]));
        piece.writeUInt8(piece.readUInt8(place) ^ (1 << dice.below(8)), place);
        break;
      }
      case 1: // a record twice
        pieces.splice(dice.below(pieces.length), 0, piece);
        break;
      case 2: // a record less
        pieces.splice(at, 1);
        break;
      case 3: // a length that lies
        piece.writeUInt16BE(dice.of([0, 1, 8, 65_535, dice.below(65_536)]), 4);
        break;
      case 4: // a record of another request, or of none
        piece.writeUInt16BE(dice.of([0, 1, 2, 65_535]), 2);
        break;
      case 5: // a record of another type
        piece[1] = dice.below(13);
        break;
      case 6: // some bytes less
        pieces[at] = piece.subarray(0, dice.below(piece.length + 1));
        break;
      default: // two records in each other's place
        pieces.push(...pieces.splice(at, 1));
    }
  }
  return pieces;
}

let inside = 0;

const application: Application = async (environ, startResponse) => {
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
        // Of this kind no line is logged where the peer has gone.
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

/** Sends a stream as it comes, and leaves as peers leave; gives what came. */
async function play(path: string, pieces: Buffer[], dice: Dice): Promise<Buffer> {
  const socket = connect({ path, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on("data", (bytes) => received.push(bytes));
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
  expect(socket.errored?.message, "the server closes the connection").not.toBe("stuck");
  return Buffer.concat(received);
}

async function send(socket: Socket, bytes: Buffer, dice: Dice, closed: Promise<unknown>): Promise<void> {
  const cut = dice.of([1, 16, 4_096, 65_536]);
  for (let at = 0; at < bytes.length && socket.writable; ) {
    const size = 1 + dice.below(cut);
    const more = socket.write(bytes.subarray(at, at + size));
    at += cut < 100 && at > 2_000 ? bytes.length : size;
    if (!more) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    else if (dice.below(3) === 0) await new Promise(setImmediate);
  }
}

function checkRecords(bytes: Buffer): void {
  for (let at = 0; at + 8 <= bytes.length; at += 8 + bytes.readUInt16BE(at + 4) + bytes.readUInt8(at + 6)) {
    expect(bytes[at], "version").toBe(1);
    expect(FROM_THE_SERVER, "type").toContain(bytes[at + 1]);
  }
}

test(
  `damaged streams for ${seconds} seconds, from seed ${firstSeed} on`,
  async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, "app.sock");
    const strays: unknown[] = [];
    const stray = (error: unknown) => strays.push(error);
    process.on("uncaughtException", stray).on("unhandledRejection", stray);
    const { server, drain } = createServer(validate(application), {
      roles: ["responder", "authorizer"],
      idleTimeoutMs: 150,
      requestTimeoutMs: 40,
      maxMultiplexed: 3,
      maxBodyBytes: 60_000,
      copyErrors: false,
      log: () => {},
    });
    server.listen(path);
    await once(server, "listening");

    const deadline = Date.now() + seconds * 1_000;
    const failures: Error[] = [];
    let seed = firstSeed;
    const worker = async (): Promise<void> => {
      while (Date.now() < deadline && strays.length === 0 && failures.length === 0) {
        const own = seed++;
        const dice = new Dice(own);
        try {
          checkRecords(await play(path, damage(goodStream(dice), dice), dice));
        } catch (error) {
          failures.push(new Error(`POSTERN_FUZZ_SEED=${own}`, { cause: error }));
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      if (failures.length > 0) throw failures[0];
      expect(strays, `errors that nothing caught, near POSTERN_FUZZ_SEED=${seed - AT_ONCE}`).toEqual([]);
      const client = await FastCgiClient.connect({ path });
      await client.send(...responderRequest(1, variables("/array")));
      expect((await client.reply(1)).end).toEqual({ appStatus: 0, protocolStatus: 0 });
      client.destroy();
      await until(
        "every connection is closed",
        () =>
          new Promise((resolve) => {
            server.getConnections((_error, count) => resolve(count === 0));
          }),
      );
      await until("every application has finished", () => inside === 0);
      await until("every body was left", () => openBodies().length === 0);
      expect(seed - firstSeed).toBeGreaterThan(100);
      if (seconds > 5) console.log(`${seed - firstSeed} streams, seeds ${firstSeed} to ${seed - 1}`);
    } finally {
      process.off("uncaughtException", stray).off("unhandledRejection", stray);
      await drain();
      folder.remove();
    }
  },
  (seconds + 40) * 1_000,
);
