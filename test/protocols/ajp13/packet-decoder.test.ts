import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Magic } from "../../../lib/protocols/ajp13/constants.ts";
import { PacketDecoder } from "../../../lib/protocols/ajp13/packet-decoder.ts";
import { bytes } from "../../support/bytes.ts";

/** Feeds pieces to a decoder and gives the payloads that came out, and after which piece each did. */
function decode(pieces: Iterable<Buffer>, maxPacketBytes = 8_192, magic: number = Magic.Server) {
  const payloads: string[] = [];
  const after: number[] = [];
  let fed = 0;
  const decoder = new PacketDecoder(magic, maxPacketBytes, (content, start, end) => {
    payloads.push(content.toString("hex", start, end));
    after.push(fed);
  });
  for (const piece of pieces) {
    fed++;
    decoder.push(piece);
  }
  return { payloads, after, decoder };
}

function singly(input: Buffer): Buffer[] {
  return [...input].map((byte) => Buffer.of(byte));
}

const packets = [
  { name: "a CPing", wire: "1234 0001 | 0a", payload: "0a" },
  { name: "an empty packet", wire: "1234 0000", payload: "" },
  { name: "data", wire: "1234 0005 | 0003 616263", payload: "0003616263" },
  { name: "the end of a body", wire: "1234 0002 | 0000", payload: "0000" },
  { name: "the longest", wire: `1234 1ffc | ${"61".repeat(8_188)}`, payload: "61".repeat(8_188) },
  { name: "what looks like a packet in a packet", wire: "1234 0005 | 1234 0001 0a", payload: "123400010a" },
];

describe("decoding packets", () => {
  test.each(packets)(
    "$name: whole, byte by byte, cut anywhere, and with bytes behind it",
    ({ wire, payload }) => {
      const input = bytes(wire);
      const whole = decode([input]);
      expect(whole.payloads).toEqual([payload]);
      expect(whole.decoder.atBoundary).toBe(true);

      const slow = decode(singly(input));
      expect(slow.payloads).toEqual([payload]);
      expect(slow.after).toEqual([input.length]);
      expect(slow.decoder.atBoundary).toBe(true);

      for (let cut = 1; cut < Math.min(input.length, 12); cut++) {
        const cutOnce = decode([input.subarray(0, cut), input.subarray(cut)]);
        expect(cutOnce.payloads).toEqual([payload]);
      }

      const trailing = decode([Buffer.concat([input, bytes("1234 00")])]);
      expect(trailing.payloads).toEqual([payload]);
      expect(trailing.decoder.atBoundary).toBe(false);
      trailing.decoder.push(bytes("01 0a"));
      expect(trailing.payloads).toEqual([payload, "0a"]);
    },
  );

  test("nothing of a packet comes out before all of it is there", () => {
    const { payloads, decoder } = decode([bytes("1234 0005 | 0003 6162")]);
    expect(payloads).toEqual([]);
    expect(decoder.atBoundary).toBe(false);
  });

  test("those of a gateway begin in another way", () => {
    expect(decode([bytes("4142 0002 | 0501")], 8_192, Magic.Gateway).payloads).toEqual(["0501"]);
  });

  test.each([
    ["of a gateway, from a server", Magic.Server, "4142 0001 09"],
    ["of a server, from a gateway", Magic.Gateway, "1234 0001 0a"],
    ["one byte wrong", Magic.Server, "1235 0001 0a"],
    ["the bytes in each other's place", Magic.Server, "3412 0001 0a"],
    ["HTTP", Magic.Server, Buffer.from("GET / HTTP/1.1\r\n").toString("hex")],
  ])("another beginning is refused: %s", (_name, magic, wire) => {
    for (const pieces of [[bytes(wire)], singly(bytes(wire))]) {
      expect(() => decode(pieces, 8_192, magic)).toThrow(
        expect.objectContaining({ name: "ProtocolError", code: "AJP_MAGIC" }),
      );
    }
  });

  test.each([
    [8_192, "1ffd"],
    [8_192, "ffff"],
    [65_536, "fffd"],
    [65_536, "ffff"],
  ])("with at most %i bytes a length of %s is refused before a byte of it has come", (max, length) => {
    expect(() => decode([bytes(`1234 ${length}`)], max)).toThrow(
      expect.objectContaining({ code: "AJP_PACKET_BYTES" }),
    );
  });

  test("65,536 bytes are taken where they are allowed", () => {
    const input = bytes(`1234 fffc | ${"62".repeat(65_532)}`);
    expect(decode([input], 65_536).payloads).toEqual(["62".repeat(65_532)]);
    expect(decode([input.subarray(0, 40_000), input.subarray(40_000)], 65_536).payloads).toHaveLength(1);
  });

  test("a megabyte that comes byte by byte costs no more than its bytes", () => {
    const packet = Buffer.concat([bytes("1234 fffc"), Buffer.alloc(65_532, 1)]);
    let count = 0;
    const decoder = new PacketDecoder(Magic.Server, 65_536, () => count++);
    const one = Buffer.alloc(1);
    const started = process.cpuUsage();
    for (let times = 0; times < 16; times++) {
      for (const byte of packet) {
        one[0] = byte;
        decoder.push(one);
      }
    }
    expect(count).toBe(16);
    // Some 0.1 s. Joining what has come with each byte would copy 32 GB.
    expect(process.cpuUsage(started).user).toBeLessThan(3_000_000);
  });

  test("any packets, cut anywhere, come out the same", () => {
    const payload = fc.uint8Array({ maxLength: 300 });
    const input = fc.tuple(fc.array(payload, { maxLength: 8 }), fc.array(fc.nat(1_500), { maxLength: 6 }));
    fc.assert(
      fc.property(input, ([payloads, cuts]) => {
        const wire = Buffer.concat(
          payloads.flatMap((one) => [Buffer.of(0x12, 0x34, one.length >> 8, one.length & 255), one]),
        );
        const ends = [...cuts.filter((cut) => cut < wire.length), wire.length].sort((a, b) => a - b);
        const pieces = ends.map((end, index) => wire.subarray(ends[index - 1] ?? 0, end));
        const expected = payloads.map((one) => Buffer.from(one).toString("hex"));
        expect(decode(pieces).payloads).toEqual(expected);
        expect(decode(singly(wire)).payloads).toEqual(expected);
      }),
    );
  });
});
