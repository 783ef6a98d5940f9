import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataStart, encodeCPing, encodeDataPacket } from "../../../lib/protocols/ajp13/data-packet.ts";
import { bytes } from "../../support/bytes.ts";

function dataOf(wire: string): string {
  const payload = bytes(wire);
  return payload.toString("latin1", dataStart(payload, 0, payload.length));
}

describe("data packets", () => {
  test.each([
    ["data", "0003 616263", "abc"],
    ["one byte", "0001 61", "a"],
    ["the end, as mod_proxy_ajp sends it", "0000", ""],
    ["the end, as mod_jk sends it", "", ""],
    ["the longest", `1ffa ${"61".repeat(8_186)}`, "a".repeat(8_186)],
    ["the longest of 65,536 bytes", `fffa ${"61".repeat(65_530)}`, "a".repeat(65_530)],
  ])("%s", (_name, wire, data) => {
    expect(dataOf(wire)).toBe(data);
  });

  test("is read where it stands among other bytes", () => {
    const around = bytes("eeee 0002 6162 eeee");
    expect(dataStart(around, 2, 6)).toBe(4);
    expect(() => dataStart(around, 2, 8)).toThrow(expect.objectContaining({ code: "AJP_DATA" }));
  });

  test.each([
    ["a length beyond the packet", "0004 616263"],
    ["a length short of the packet", "0002 616263"],
    ["a length of nothing in front of data", "0000 61"],
    ["half of a length", "00"],
    ["no length at all, as lighttpd sends it", Buffer.from("abc=1").toString("hex")],
    ["FORWARD_REQUEST", "02 02 0008 485454502f312e31 00 0001 2f 00"],
    ["CPing", "0a"],
  ])("%s is refused", (_name, wire) => {
    expect(() => dataOf(wire)).toThrow(expect.objectContaining({ name: "ProtocolError", code: "AJP_DATA" }));
  });

  test("encodes what the reference says", () => {
    expect(encodeDataPacket(Buffer.from("abc")).toString("hex")).toBe(
      bytes("1234 0005 0003 616263").toString("hex"),
    );
    expect(encodeDataPacket(Buffer.alloc(0)).toString("hex")).toBe(bytes("1234 0002 0000").toString("hex"));
    expect(encodeDataPacket(Buffer.alloc(8_186))).toHaveLength(8_192);
    expect(encodeCPing().toString("hex")).toBe(bytes("1234 0001 0a").toString("hex"));
  });

  test("any data comes back the same", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 7_000 }), (data) => {
        const packet = encodeDataPacket(data);
        expect(packet.subarray(dataStart(packet, 4, packet.length))).toEqual(Buffer.from(data));
      }),
    );
  });
});
