// Damaged HTTP requests; what they are played with is in test/support/fuzz.ts. Node's own parser reads them: what is tested
// is what becomes of a request, a connection and those behind it when that parser gives up in the middle.

import { expect } from "vitest";
import { createServer } from "../../lib/servers/http.ts";
import { type Dice, FUZZ_PATHS, fuzz } from "../support/fuzz.ts";
import { exchangeOverHttp } from "../support/raw-http.ts";

const HEAD_END = "\r\n\r\n";

/** A body, as one of a known length or in chunks (RFC 9112 §7.1). */
function bodyOf(dice: Dice): { header: string; pieces: string[] } {
  const size = dice.of([0, 1, 5, 1_000, 50_000, 70_000]);
  if (dice.below(3) > 0) {
    // Sometimes more or less of a body than there is, or nothing that could be one.
    const length = dice.of([size, size, size, size + 1, 3, "", "x"]);
    return { header: `Content-Length: ${length}`, pieces: ["b".repeat(size)] };
  }
  const chunk = "b".repeat(Math.ceil(size / 2));
  const chunks = chunk === "" ? [] : [chunk, chunk];
  return {
    header: "Transfer-Encoding: chunked",
    pieces: [...chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`), "0\r\n\r\n"],
  };
}

function request(dice: Dice): Buffer[] {
  const { header, pieces } = bodyOf(dice);
  const lines = [
    `POST ${dice.of(FUZZ_PATHS)} HTTP/1.1\r\n`,
    "Host: localhost\r\n",
    `X-Long: ${"v".repeat(300)}\r\n`,
    `${header}\r\n`,
    dice.of(["", "", "Connection: close\r\n", "Expect: 100-continue\r\n"]),
    "\r\n",
  ];
  return [...lines, ...pieces].map((piece) => Buffer.from(piece, "latin1"));
}

/** The next response's end, or `undefined` where it was cut (RFC 9112 §6.3). */
function endOfResponse(text: string, at: number): number | undefined {
  const headEnd = text.indexOf(HEAD_END, at);
  if (headEnd < 0) return undefined;
  const head = text.slice(at, headEnd + 2);
  expect(head).toMatch(/^HTTP\/1\.1 \d{3} [^\r\n]*\r\n(?:[\w-]+: [^\r\n]*\r\n)*$/);
  const start = headEnd + HEAD_END.length;
  if (/^HTTP\/1\.1 1/.test(head)) return start;
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
  if (length !== undefined) return start + Number(length);
  if (!/^transfer-encoding: chunked\r$/im.test(head)) return text.length;
  for (let chunk = start; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(chunk, chunk + 20));
    if (size?.[1] === undefined) {
      expect(text.slice(chunk)).toMatch(/^[0-9a-f]*\r?$/);
      return undefined;
    }
    const next = chunk + size[0].length + Number.parseInt(size[1], 16) + 2;
    if (next > text.length) return undefined;
    if (size[1] === "0") return next;
    chunk = next;
  }
}

fuzz({
  createServer,

  stream: (dice) => Array.from({ length: 1 + dice.below(3) }, () => request(dice)).flat(),

  headBytes: 16,
  damages: [
    // a line that ends in LF alone, or in CR alone
    (piece, dice) => {
      if (piece.subarray(-2).equals(Buffer.from("\r\n")))
        piece.write(dice.of(["x\n", "\rx"]), piece.length - 2, "latin1");
    },
    // NUL, a space, a colon or a line break where none belongs
    (piece, dice) => {
      piece.write(dice.of(["\0", " ", ":", "\r", "\n"]), dice.below(piece.length), "latin1");
    },
    // another digit, where there is one
    (piece, dice) => {
      const digits = [...piece.subarray(0, 64).keys()].filter((at) =>
        /[0-9]/.test(String.fromCharCode(piece[at] as number)),
      );
      if (digits.length > 0) piece.writeUInt8(0x30 + dice.below(10), dice.of(digits));
    },
  ],

  check(received) {
    const text = received.toString("latin1");
    for (let at = 0; at < text.length; ) {
      const end = endOfResponse(text, at);
      // Cut, or the rest of it never came.
      if (end === undefined || end > text.length) return;
      at = end;
    }
  },

  async ask(path) {
    const response = await exchangeOverHttp({ path }, "localhost", {
      method: "POST",
      target: "/array",
      headers: [],
      body: Buffer.from("body"),
    });
    expect(response).toMatchObject({ status: 200, body: Buffer.alloc(100, "x") });
  },
});
