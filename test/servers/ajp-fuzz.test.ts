// Damaged streams of AJP packets; what they are played with is in test/support/fuzz.ts.

import { expect } from "vitest";
import { createServer } from "../../lib/servers/ajp.ts";
import {
  AjpClient,
  CPING,
  CPONG,
  DATA_BYTES,
  dataPacket,
  EMPTY_PACKET,
  END_RESPONSE,
  forwardRequest,
  GET_BODY_CHUNK,
  type Pair,
  packet,
  REQ_ATTRIBUTE,
  SECRET,
  SEND_BODY_CHUNK,
  SEND_HEADERS,
} from "../support/ajp-client.ts";
import { type Dice, FUZZ_MAX_BODY_BYTES, FUZZ_PATHS, fuzz } from "../support/fuzz.ts";

const HEADER_BYTES = 4;
const LONGEST = 8_192;
const FROM_THE_SERVER = [CPONG, END_RESPONSE, GET_BODY_CHUNK, SEND_BODY_CHUNK, SEND_HEADERS];
const secret = [SECRET, "s3cret"] as const;

/** What a web server sends by itself for one request: CPing, FORWARD_REQUEST, and the first data where there is any. */
function request(dice: Dice): { pieces: Buffer[]; left: number } {
  const size = dice.of([0, 0, 1, 5, 1_000, 20_000, FUZZ_MAX_BODY_BYTES + 10_000]);
  const isChunked = dice.below(3) === 0;
  const length: Pair = isChunked ? ["Transfer-Encoding", "chunked"] : ["Content-Length", String(size)];
  const head = forwardRequest({
    method: dice.of(["POST", "PUT", "PATCH", "HEAD"]),
    uri: dice.of(FUZZ_PATHS),
    headers: [["Host", "localhost"], ["X-Long", "v".repeat(300)], ...(size > 0 ? [length] : [])],
    attributes: [
      [REQ_ATTRIBUTE, "AJP_REMOTE_PORT", "4711"],
      ...(dice.below(8) === 0 ? [] : [secret]),
      [0x0b, 256],
    ],
  });
  const first = size > 0 && !isChunked ? [dataPacket(Buffer.alloc(Math.min(size, DATA_BYTES), "b"))] : [];
  const pieces = [
    ...(dice.below(3) === 0 ? [CPING] : []),
    head,
    ...first,
    ...(size === 0 && dice.below(4) === 0 ? [EMPTY_PACKET] : []),
  ];
  return { pieces, left: isChunked ? size : Math.max(0, size - DATA_BYTES) };
}

function packetsOf(bytes: Buffer): { packets: Buffer[]; rest: Buffer } {
  const packets: Buffer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) break;
    packets.push(bytes.subarray(at, end));
    at = end;
  }
  return { packets, rest: bytes.subarray(at) };
}

fuzz({
  createServer: (application, options) => createServer(application, { ...options, secret: "s3cret" }),

  stream: (dice) => request(dice).pieces,

  headBytes: 12,
  damages: [
    // a length that lies
    (piece, dice) => writeAt(piece, 2, dice.of([0, 1, 2, 8_188, 8_189, 65_535, dice.below(piece.length)])),
    // a packet of another type, or data with another length
    (piece, dice) => writeAt(piece, 4, dice.of([0x0000, 0x0202, 0x0700, 0x0a00, dice.below(65_536)])),
    // the length of a string, or what happens to stand there
    (piece, dice) => writeAt(piece, 6 + dice.below(piece.length), dice.of([0, 0xffff, 0xa008, 0xa00f])),
  ],

  answer(dice) {
    let rest: Buffer = Buffer.alloc(0);
    let left = dice.of([0, 1, 20_000, FUZZ_MAX_BODY_BYTES]);
    let requests = dice.below(3);
    const answerTo = (received: Buffer): Buffer[] => {
      switch (received[4]) {
        case GET_BODY_CHUNK: {
          // What a bad peer may have announced is not known here: sometimes it is more, sometimes less.
          const size = Math.min(left, received.readUInt16BE(5), dice.of([1, 100, DATA_BYTES]));
          left -= size;
          if (size === 0) return [dice.of([EMPTY_PACKET, dataPacket(Buffer.alloc(0))])];
          const data = Buffer.alloc(size, "b");
          return [dice.of([dataPacket(data), dataPacket(data), dataPacket(data), packet(data)])];
        }
        case END_RESPONSE: {
          if (received[5] !== 1 || requests-- <= 0) return [];
          const next = request(dice);
          left = next.left;
          return next.pieces;
        }
        default:
          return [];
      }
    };
    return (received) => {
      const { packets, rest: incomplete } = packetsOf(Buffer.concat([rest, received]));
      rest = incomplete;
      const answers = packets.flatMap(answerTo);
      return answers.length > 0 ? Buffer.concat(answers) : undefined;
    };
  },

  check(received) {
    let hasHead = false;
    for (const one of packetsOf(received).packets) {
      const type = one.readUInt8(4);
      expect(one.toString("latin1", 0, 2), "magic").toBe("AB");
      expect(one.length, "length").toBeLessThanOrEqual(LONGEST);
      expect(FROM_THE_SERVER, "type").toContain(type);
      if (type === SEND_HEADERS) {
        expect(hasHead, "a second head").toBe(false);
        hasHead = true;
      } else if (type === SEND_BODY_CHUNK) {
        expect(hasHead, "a head in front of the body").toBe(true);
        expect(one.readUInt16BE(5), "length of a body chunk").toBe(one.length - 8);
      } else if (type === GET_BODY_CHUNK) {
        expect(one.readUInt16BE(5), "length that is asked for").toBeGreaterThan(0);
        expect(one.readUInt16BE(5), "length that is asked for").toBeLessThanOrEqual(DATA_BYTES);
      } else if (type === END_RESPONSE) {
        expect(hasHead, "a head in front of the end").toBe(true);
        hasHead = false;
      }
    }
  },

  async ask(path) {
    const client = await AjpClient.connect({ path });
    const { status, body, reuse } = await client.ask(
      { method: "POST", uri: "/body", attributes: [secret] },
      Buffer.alloc(20_000),
    );
    client.destroy();
    expect([status, body.toString(), reuse]).toEqual([200, "20000", true]);
  },
});

function writeAt(piece: Buffer, at: number, value: number): void {
  if (at + 2 <= piece.length) piece.writeUInt16BE(value, at);
}
