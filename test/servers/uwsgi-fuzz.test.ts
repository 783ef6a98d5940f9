// Damaged packets; what they are played with is in test/support/fuzz.ts.

import { createServer } from "../../lib/servers/uwsgi.ts";
import { packet, pairBlock } from "../support/uwsgi-client.ts";
import { uwsgi } from "../support/wire-protocol.ts";
import { fuzzRequests } from "./single-request-fuzz.ts";

const HEADER_BYTES = 4;

fuzzRequests({
  protocol: uwsgi,
  createServer,

  head(variables, dice) {
    const pairs = variables.map((one) => pairBlock([one]));
    const header = packet(Buffer.concat(pairs), 0, dice.below(3)).subarray(0, HEADER_BYTES);
    return [header, ...pairs];
  },

  headBytes: HEADER_BYTES,
  damages: [
    // a length that lies
    (piece, dice) => writeAt(piece, 0, dice.of([0, 1, 255, 65_535, dice.below(65_536)])),
    // a size that lies
    (piece, dice) => writeAt(piece, 1, dice.of([0, 1, 400, 65_535, dice.below(65_536)])),
  ],

  start: /^HTTP\/1\.1 \d{3} [^\r\n]*\r\n/,
});

function writeAt(piece: Buffer, at: number, value: number): void {
  if (piece.length >= at + 2) piece.writeUInt16LE(value, at);
}
