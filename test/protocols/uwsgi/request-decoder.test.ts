import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UwsgiRequestDecoder } from "../../../lib/protocols/uwsgi/request-decoder.ts";
import { bytes } from "../../support/bytes.ts";
import { cuts, piecesOf, singleBytes } from "../../support/cut.ts";
import { packet, pairBlock, uwsgiRequest } from "../../support/uwsgi-client.ts";
import { decodeHead, names } from "../decode-head.ts";

function decode(pieces: Iterable<Buffer>, maxBytes = 65_536) {
  return decodeHead(pieces, (pairs) => new UwsgiRequestDecoder(maxBytes, names, pairs));
}

const requests: { name: string; wire: string; variables: [string, string][]; rest: string }[] = [
  {
    name: "two variables and a body",
    wire: "00 0e00 00 | 0300 414243 0200 7879 | 0100 41 0000 | 626f6479",
    variables: [
      ["ABC", "xy"],
      ["A", ""],
    ],
    rest: "body",
  },
  { name: "no variables", wire: "00 0000 00", variables: [], rest: "" },
  {
    name: "any modifier2, and the same name twice, as nginx sends it",
    wire: "00 0c00 07 | 0100 58 0100 31 | 0100 58 0100 32",
    variables: [
      ["X", "1"],
      ["X", "2"],
    ],
    rest: "",
  },
  {
    name: "bytes above 127, one character each, and a NUL",
    wire: "00 0800 00 | 0100 e9 0300 c3a900",
    variables: [["\xe9", "\xc3\xa9\0"]],
    rest: "",
  },
  {
    name: "lengths whose high byte counts",
    wire: `00 3402 00 | 0101 ${"61".repeat(257)} 2f01 ${"62".repeat(303)}`,
    variables: [["a".repeat(257), "b".repeat(303)]],
    rest: "",
  },
  {
    name: "the longest packet",
    wire: `00 ffff 00 | 0100 61 faff ${"62".repeat(65_530)}`,
    variables: [["a", "b".repeat(65_530)]],
    rest: "",
  },
];

describe("decoding a uwsgi request", () => {
  test.each(requests)("$name: whole, byte by byte, and with bytes behind it", ({ wire, variables, rest }) => {
    const input = bytes(wire);
    expect(decode([input])).toEqual({ variables, rest, complete: true });
    // Once more, now that the names are known.
    expect(decode([input])).toEqual({ variables, rest, complete: true });
    expect(decode(singleBytes(input))).toEqual({ variables, rest, complete: true });
    const more = decode([Buffer.concat([input, Buffer.from("more")])]);
    expect(more).toEqual({ variables, rest: `${rest}more`, complete: true });
  });

  test("nothing comes out before the last byte is there", () => {
    const head = bytes("00 0c00 00 | 0100 58 0100 31 | 0100 58 0100");
    expect(decode([head])).toEqual({ variables: [], rest: "", complete: false });
    expect(decode(singleBytes(head))).toEqual({ variables: [], rest: "", complete: false });
    expect(decode([Buffer.alloc(0), head, bytes("32")]).complete).toBe(true);
  });

  test("any variables, cut anywhere, come out the same", () => {
    const text = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
    const variables = fc.array(
      fc.tuple(
        text.map((rest) => `N${rest}`),
        text,
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(
        variables,
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        cuts,
        (variables, body, places) => {
          expect(decode(piecesOf(uwsgiRequest(variables, body), places))).toEqual({
            variables: [...variables, ["CONTENT_LENGTH", String(body.length)]],
            rest: Buffer.from(body).toString("latin1"),
            complete: true,
          });
        },
      ),
    );
  });
});

describe("what is no uwsgi request is refused", () => {
  test.each<[string, Buffer, string]>([
    ["modifier1 of a request to Perl", bytes("05 0000 00"), "UWSGI_MODIFIER"],
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "UWSGI_MODIFIER"],
    ["an SCGI request", Buffer.from("24:CONTENT_LENGTH\x000\0SCGI\x001\0,"), "UWSGI_MODIFIER"],
    ["a FastCGI request", bytes("01 01 0001 0008 00 00"), "UWSGI_MODIFIER"],
    ["one byte of anything else", bytes("ff"), "UWSGI_MODIFIER"],
    ["half of a length", packet(bytes("01")), "UWSGI_PAIRS"],
    ["a name past the end", packet(bytes("0300 4142")), "UWSGI_PAIRS"],
    ["a name without a value", packet(bytes("0100 41")), "UWSGI_PAIRS"],
    ["a name with half of a length behind it", packet(bytes("0100 41 01")), "UWSGI_PAIRS"],
    ["a value past the end", packet(bytes("0100 41 0200 78")), "UWSGI_PAIRS"],
    ["a value of the longest length", packet(bytes("0100 41 ffff 78")), "UWSGI_PAIRS"],
    ["a name of the longest length", packet(bytes("ffff 41 0000")), "UWSGI_PAIRS"],
    ["an empty name", packet(bytes("0000 0100 78")), "UWSGI_PAIRS"],
    ["lengths with their high byte first", packet(bytes("0001 41 0001 78")), "UWSGI_PAIRS"],
  ])("%s", (_name, wire, code) => {
    const refusal = expect.objectContaining({ name: "ProtocolError", code });
    expect(() => decode([wire])).toThrow(refusal);
    expect(() => decode(singleBytes(wire))).toThrow(refusal);
  });

  test("a packet over the limit where it is announced; one at the limit is not", () => {
    const wire = packet(pairBlock([["A", "b".repeat(295)]]));
    expect(wire).toHaveLength(304);
    expect(() => decode([wire.subarray(0, 3)], 299)).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "PARAMS_TOO_LARGE" }),
    );
    expect(decode([wire], 300).complete).toBe(true);
  });
});
