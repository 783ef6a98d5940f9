// Damaged netstrings; what they are played with is in test/support/fuzz.ts.

import { createServer } from "../../lib/servers/scgi.ts";
import { headerBlock } from "../support/scgi-client.ts";
import { scgi } from "../support/wire-protocol.ts";
import { fuzzRequests } from "./single-request-fuzz.ts";

fuzzRequests({
  protocol: scgi,
  createServer,

  head(variables, dice) {
    const strings = [...variables, ["SCGI", "1"] as const].map((one) => headerBlock([one]));
    // CONTENT_LENGTH anywhere.
    if (dice.below(4) === 0) strings.push(...strings.splice(0, 1));
    return [`${strings.join("").length}:`, ...strings, ","].map((piece) => Buffer.from(piece, "latin1"));
  },

  headBytes: 8,
  damages: [
    // a digit, where there is one
    (piece, dice) => {
      const digits = [...piece.keys()].filter((at) => /\d/.test(String.fromCharCode(piece[at] as number)));
      if (digits.length > 0) piece.writeUInt8(0x30 + dice.below(10), dice.of(digits));
    },
    // a string that ends early
    (piece, dice) => piece.writeUInt8(0, dice.below(piece.length)),
    // one that does not end
    (piece) => piece.writeUInt8(0x78, piece.length - 1),
  ],

  start: /^Status: \d{3} [^\r\n]*\r\n/,
});
