// Damaged streams of FastCGI records; what they are played with is in test/support/fuzz.ts.

import { expect } from "vitest";
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
import { FUZZ_PATHS, fuzz } from "../support/fuzz.ts";

const HEADER_BYTES = 8;
const FROM_THE_SERVER = new Set([END_REQUEST, STDOUT, STDERR, GET_VALUES_RESULT, UNKNOWN_TYPE]);

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

fuzz({
  createServer: (application, options) =>
    createServer(application, {
      ...options,
      roles: ["responder", "authorizer"],
      maxMultiplexed: 3,
      copyErrors: false,
    }),

  stream(dice) {
    const one = (id: number): Buffer[] => {
      const body = Buffer.alloc(dice.of([0, 1, 5, 1_000, 70_000]), "b");
      const length: Pair[] = dice.below(2) === 0 ? [] : [["CONTENT_LENGTH", String(body.length)]];
      const pairs = encodePairs(variables(dice.of(FUZZ_PATHS), ...length));
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
  },

  headBytes: HEADER_BYTES,
  damages: [
    // a length that lies
    (piece, dice) => writeAt(piece, 4, dice.of([0, 1, 8, 65_535, dice.below(65_536)])),
    // a record of another request, or of none
    (piece, dice) => writeAt(piece, 2, dice.of([0, 1, 2, 65_535])),
    // a record of another type
    (piece, dice) => piece.length > 1 && piece.writeUInt8(dice.below(13), 1),
  ],

  check(bytes) {
    for (let at = 0; at + 8 <= bytes.length; at += 8 + bytes.readUInt16BE(at + 4) + bytes.readUInt8(at + 6)) {
      const [version, type] = bytes.subarray(at);
      if (version !== 1 || !FROM_THE_SERVER.has(Number(type)))
        throw new Error(`no record of a server's: version ${version}, type ${type}`);
    }
  },

  async ask(path) {
    const client = await FastCgiClient.connect({ path });
    await client.send(...responderRequest(1, variables("/array")));
    const { end } = await client.reply(1);
    client.destroy();
    expect(end).toEqual({ appStatus: 0, protocolStatus: 0 });
  },
});

function writeAt(piece: Buffer, at: number, value: number): void {
  if (piece.length >= HEADER_BYTES) piece.writeUInt16BE(value, at);
}
