import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePairs, encodePairs } from "../../lib/protocols/fastcgi/pairs.ts";
import { bytes } from "../support/bytes.ts";
import { CollectedPairs, names } from "./decode-head.ts";

function decode(input: Buffer): [string, string][] {
  const pairs = new CollectedPairs();
  decodePairs(input, names, pairs);
  return pairs.list;
}

const long = (length: number): string => (0x80000000 + length).toString(16);

describe("name-value pairs (FastCGI §3.4)", () => {
  test.each([
    { name: "short lengths", wire: "04 02 61626364 7879", pairs: [["abcd", "xy"]] },
    {
      name: "several",
      wire: "01 01 41 62 01 00 42",
      pairs: [
        ["A", "b"],
        ["B", ""],
      ],
    },
    { name: "nothing", wire: "", pairs: [] },
    { name: "empty name and value", wire: "00 00", pairs: [["", ""]] },
    {
      name: "127 bytes in the short form",
      wire: `01 7f 61 ${"62".repeat(127)}`,
      pairs: [["a", "b".repeat(127)]],
    },
    {
      name: "128 bytes in the long form",
      wire: `01 ${long(128)} 61 ${"62".repeat(128)}`,
      pairs: [["a", "b".repeat(128)]],
    },
    { name: "the long form for a short length", wire: `${long(1)} ${long(2)} 61 6263`, pairs: [["a", "bc"]] },
    { name: "a long name", wire: `${long(200)} 01 ${"61".repeat(200)} 62`, pairs: [["a".repeat(200), "b"]] },
    {
      name: "65,535 bytes",
      wire: `01 ${long(65535)} 61 ${"62".repeat(65535)}`,
      pairs: [["a", "b".repeat(65535)]],
    },
    { name: "bytes above 127, one character each", wire: "01 02 61 c3a9", pairs: [["a", "\u00c3\u00a9"]] },
  ])("$name", ({ wire, pairs }) => {
    expect(decode(bytes(wire))).toEqual(pairs);
    // Once more, now that the names are known.
    expect(decode(bytes(wire))).toEqual(pairs);
  });

  test.each(["01", "02 01 61", "01 8000 61", "01 80ffffff 61", "01 ffffffff 61", "80", "01 01 61"])(
    "a pair past the end of its stream is refused: %s",
    (wire) => {
      expect(() => decode(bytes(wire))).toThrow(expect.objectContaining({ code: "FCGI_PAIRS" }));
    },
  );

  test("another order of names than before is read as it is", () => {
    const first = bytes("01 01 41 31 01 01 42 32");
    const second = bytes("01 01 42 33 01 01 41 34");
    expect(decode(first)).toEqual([
      ["A", "1"],
      ["B", "2"],
    ]);
    expect(decode(second)).toEqual([
      ["B", "3"],
      ["A", "4"],
    ]);
  });

  test("encodes what the specification says", () => {
    const wire = `0f 01 ${Buffer.from("FCGI_MPXS_CONNS").toString("hex")} 31`;
    expect(encodePairs([["FCGI_MPXS_CONNS", "1"]]).toString("hex")).toBe(bytes(wire).toString("hex"));
    expect(
      encodePairs([["a", "b".repeat(128)]])
        .subarray(0, 5)
        .toString("hex"),
    ).toBe("0180000080");
  });

  test("any pairs come back the same", () => {
    const text = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
        expect(decode(encodePairs(pairs))).toEqual(pairs);
      }),
    );
  });
});
