import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScgiRequestDecoder } from "../../../lib/protocols/scgi/request-decoder.ts";
import { cuts, piecesOf, singleBytes } from "../../support/cut.ts";
import { headerBlock, netstring, scgiRequest } from "../../support/scgi-client.ts";
import { CollectedPairs, decodeHead, names } from "../decode-head.ts";

function decode(pieces: Iterable<Buffer>, maxBytes = 65_536) {
  return decodeHead(pieces, (pairs) => new ScgiRequestDecoder(maxBytes, names, pairs));
}

const requests: { name: string; wire: string; variables: [string, string][]; rest: string }[] = [
  {
    name: "the specification's example",
    wire:
      "70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0," +
      "What is the answer to life?",
    variables: [
      ["CONTENT_LENGTH", "27"],
      ["SCGI", "1"],
      ["REQUEST_METHOD", "POST"],
      ["REQUEST_URI", "/deepthought"],
    ],
    rest: "What is the answer to life?",
  },
  {
    name: "an empty value, and bytes above 127, one character each",
    wire: "32:CONTENT_LENGTH\x000\0A\0\0B\0\xc3\xa9\0SCGI\x001\0,",
    variables: [
      ["CONTENT_LENGTH", "0"],
      ["A", ""],
      ["B", "\xc3\xa9"],
      ["SCGI", "1"],
    ],
    rest: "",
  },
  {
    name: "CONTENT_LENGTH that is not the first",
    wire: "24:SCGI\x001\0CONTENT_LENGTH\x003\0,abc",
    variables: [
      ["SCGI", "1"],
      ["CONTENT_LENGTH", "3"],
    ],
    rest: "abc",
  },
  {
    name: "the client's own header, which nginx and lighttpd send too",
    wire: "46:CONTENT_LENGTH\x003\0HTTP_CONTENT_LENGTH\x003\0SCGI\x001\0,abc",
    variables: [
      ["CONTENT_LENGTH", "3"],
      ["HTTP_CONTENT_LENGTH", "3"],
      ["SCGI", "1"],
    ],
    rest: "abc",
  },
  {
    name: "repeated names, as nginx sends them, and the same length twice",
    wire: "49:CONTENT_LENGTH\x003\0SCGI\x001\0X\x001\0X\x002\0CONTENT_LENGTH\x003\0,abcd",
    variables: [
      ["CONTENT_LENGTH", "3"],
      ["SCGI", "1"],
      ["X", "1"],
      ["X", "2"],
      ["CONTENT_LENGTH", "3"],
    ],
    rest: "abcd",
  },
];

describe("decoding an SCGI request", () => {
  test.each(requests)("$name: whole, byte by byte, and with bytes behind it", ({ wire, variables, rest }) => {
    const input = Buffer.from(wire, "latin1");
    expect(decode([input])).toEqual({ variables, rest, complete: true });
    // Once more, now that the names are known.
    expect(decode([input])).toEqual({ variables, rest, complete: true });
    expect(decode(singleBytes(input))).toEqual({ variables, rest, complete: true });
    const more = decode([Buffer.concat([input, Buffer.from("12:more")])]);
    expect(more).toEqual({ variables, rest: `${rest}12:more`, complete: true });
  });

  test("nothing comes out before the comma is there", () => {
    const head = Buffer.from("24:CONTENT_LENGTH\x000\0SCGI\x001\0", "latin1");
    expect(decode([head])).toEqual({ variables: [], rest: "", complete: false });
    expect(decode(singleBytes(head))).toEqual({ variables: [], rest: "", complete: false });
    expect(decode([Buffer.alloc(0), head, Buffer.from(",")]).complete).toBe(true);
  });

  test("any variables, cut anywhere, come out the same", () => {
    const text = fc.uint8Array({ maxLength: 40 }).map((array) => {
      return Buffer.from(array).toString("latin1").replaceAll("\0", "");
    });
    const variables = fc.array(
      fc.tuple(
        text.map((rest) => `N${rest}`),
        text,
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(variables, fc.uint8Array({ maxLength: 50 }), cuts, (variables, body, places) => {
        expect(decode(piecesOf(scgiRequest(variables, body), places))).toEqual({
          variables: [["CONTENT_LENGTH", String(body.length)], ...variables, ["SCGI", "1"]],
          rest: Buffer.from(body).toString("latin1"),
          complete: true,
        });
      }),
    );
  });

  test("200,000 single bytes are as many steps", () => {
    const decoder = new ScgiRequestDecoder(1_000_000, names, new CollectedPairs());
    const block = headerBlock([
      ["CONTENT_LENGTH", "0"],
      ["SCGI", "1"],
      ["A", "x".repeat(200_000)],
    ]);
    for (const byte of singleBytes(netstring(block))) decoder.push(byte);
    expect(decoder.complete).toBe(true);
  });
});

const good = "CONTENT_LENGTH\x000\0SCGI\x001\0";

describe("what is no SCGI request is refused", () => {
  test.each<[string, string, string]>([
    ["a word instead of a length", "abc:", "SCGI_LENGTH"],
    ["a negative length", "-5:", "SCGI_LENGTH"],
    ["a length with a plus", "+5:", "SCGI_LENGTH"],
    ["a space in front of the length", " 5:", "SCGI_LENGTH"],
    ["a space behind the length", "5 :", "SCGI_LENGTH"],
    ["a length in hexadecimal", "0x5:", "SCGI_LENGTH"],
    ["no length", ":", "SCGI_LENGTH"],
    ["a zero in front", "012:", "SCGI_LENGTH"],
    ["two zeros", "00:", "SCGI_LENGTH"],
    ["an HTTP request", "GET / HTTP/1.1\r\n\r\n", "SCGI_LENGTH"],
    ["a FastCGI request", "\x01\x01\0\x01\0\x08\0\0", "SCGI_LENGTH"],
    ["a length over the limit", "65537:", "PARAMS_TOO_LARGE"],
    ["a length without end", "1".repeat(20), "PARAMS_TOO_LARGE"],
    ["no comma behind the block", `${good.length}:${good};`, "SCGI_NETSTRING"],
    ["a length that is too short", `${good.length - 1}:${good},`, "SCGI_NETSTRING"],
    ["a length that is too long", `${good.length + 1}:${good},x`, "SCGI_NETSTRING"],
    ["a block that does not end in NUL", `${good.length - 1}:${good.slice(0, -1)},`, "SCGI_HEADERS"],
    ["a name without a value", `${good.length + 2}:${good}A\0,`, "SCGI_HEADERS"],
    ["an empty name", `${good.length + 3}:${good}\0A\0,`, "SCGI_HEADERS"],
    ["an empty block", "0:,", "CONTENT_LENGTH"],
    ["no CONTENT_LENGTH", "7:SCGI\x001\0,", "CONTENT_LENGTH"],
    ["an empty CONTENT_LENGTH", "23:CONTENT_LENGTH\0\0SCGI\x001\0,", "CONTENT_LENGTH"],
    ["CONTENT_LENGTH of -1", "25:CONTENT_LENGTH\0-1\0SCGI\x001\0,", "CONTENT_LENGTH"],
    ["CONTENT_LENGTH with a space", "25:CONTENT_LENGTH\x005 \0SCGI\x001\0,", "CONTENT_LENGTH"],
    ["CONTENT_LENGTH in hexadecimal", "26:CONTENT_LENGTH\x000x5\0SCGI\x001\0,", "CONTENT_LENGTH"],
    ["two CONTENT_LENGTHs", "41:CONTENT_LENGTH\x005\0CONTENT_LENGTH\x006\0SCGI\x001\0,", "CONTENT_LENGTH"],
    [
      "CONTENT_LENGTH that is shorter than the client's, as nginx sends it with scgi_request_buffering off",
      "46:CONTENT_LENGTH\x005\0HTTP_CONTENT_LENGTH\x006\0SCGI\x001\0,",
      "CONTENT_LENGTH",
    ],
    ["no SCGI", "17:CONTENT_LENGTH\x000\0,", "SCGI_VERSION"],
    ["an SCGI of another value", "24:CONTENT_LENGTH\x000\0SCGI\x002\0,", "SCGI_VERSION"],
  ])("%s", (_name, wire, code) => {
    const refusal = expect.objectContaining({ name: "ProtocolError", code });
    const input = Buffer.from(wire, "latin1");
    expect(() => decode([input])).toThrow(refusal);
    expect(() => decode(singleBytes(input))).toThrow(refusal);
  });

  test("a length over the limit where it is announced; one at the limit is not", () => {
    expect(() => decode([Buffer.from("24")], 23)).toThrow(
      expect.objectContaining({ code: "PARAMS_TOO_LARGE" }),
    );
    expect(decode([Buffer.from(`24:${good},`)], 24).complete).toBe(true);
  });

  test("a length without end, where there is no limit", () => {
    expect(() => decode([Buffer.from("1".repeat(11))], Number.POSITIVE_INFINITY)).toThrow(
      expect.objectContaining({ code: "SCGI_LENGTH" }),
    );
  });

  test("a length costs no memory before its bytes come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoder = new ScgiRequestDecoder(Number.POSITIVE_INFINITY, names, new CollectedPairs());
    decoder.push(Buffer.from("9999999999:CONTENT_LENGTH"));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});
