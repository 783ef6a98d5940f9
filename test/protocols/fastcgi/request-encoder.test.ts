import { describe, expect, test } from "vitest";
import { encodeRequestHead } from "../../../lib/protocols/fastcgi/request-encoder.ts";
import { bytes } from "../../support/bytes.ts";
import { decodePairs } from "../../support/fastcgi-client.ts";

/** The contents of the records of a type, read by hand (§3.3). */
function contents(wire: Buffer, type: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < wire.length; ) {
    const end = at + 8 + wire.readUInt16BE(at + 4);
    if (wire[at + 1] === type) found.push(wire.subarray(at + 8, end));
    at = end + wire.readUInt8(at + 6);
  }
  return found;
}

describe("the beginning of a request (FastCGI §5.1, §5.2)", () => {
  test("begin, params, their end", () => {
    const wire = encodeRequestHead(1, true, [["A", "b"]]);
    expect(wire.toString("hex")).toBe(
      bytes(
        "01 01 0001 0008 00 00 | 0001 01 0000000000" +
          "01 04 0001 0004 04 00 | 01 01 41 62 | 00000000" +
          "01 04 0001 0000 00 00",
      ).toString("hex"),
    );
  });

  test("without keeping the connection the flags are 0", () => {
    expect(encodeRequestHead(258, false, []).toString("hex")).toBe(
      bytes("01 01 0102 0008 00 00 | 0001 00 0000000000 | 01 04 0102 0000 00 00").toString("hex"),
    );
  });

  test("lengths from 128 on have four bytes, values are Latin-1, an empty one is sent", () => {
    const wire = encodeRequestHead(1, false, [
      ["N", "v".repeat(128)],
      ["E", ""],
      ["L", "\xe9\0\xff"],
    ]);
    const [content = Buffer.alloc(0)] = contents(wire, 4);
    expect(content.subarray(0, 6).toString("hex")).toBe(bytes("01 80000080 4e").toString("hex"));
    expect(content.subarray(134).toString("hex")).toBe(bytes("01 00 45 | 01 03 4c e900ff").toString("hex"));
  });

  test("no record cuts a pair that fits into one: PHP reads each record by itself", () => {
    const pairs = Array.from({ length: 30 }, (_, index) => [`N${index}`, "v".repeat(9_000)] as const);
    const records = contents(encodeRequestHead(1, false, pairs), 4);
    expect(records.at(-1)).toHaveLength(0);
    expect(records.slice(0, -1).flatMap(decodePairs)).toEqual(pairs);
    expect(records.length).toBe(6);
  });

  test("a pair that is longer than a record goes on in the next", () => {
    const pairs = [
      ["A", "b"],
      ["LONG", "v".repeat(140_000)],
      ["C", "d"],
    ] as const;
    const records = contents(encodeRequestHead(1, false, pairs), 4);
    expect(decodePairs(Buffer.concat(records))).toEqual(pairs);
    expect(records.map((content) => content.length).filter((length) => length > 65_535)).toEqual([]);
  });

  test.each([
    ["NAME", "\u0100"],
    ["N\u20ac", "x"],
  ])("%j=%j cannot be sent", (name, value) => {
    expect(() => encodeRequestHead(1, false, [[name, value]])).toThrow(
      expect.objectContaining({ name: "ApplicationError", code: "VARIABLE" }),
    );
  });
});
