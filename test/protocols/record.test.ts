import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecordDecoder } from "../../lib/protocols/fastcgi/record-decoder.ts";
import {
  addRecords,
  encodeBeginRequest,
  encodeRecord,
  encodeUnknownType,
  endRequestText,
  recordText,
} from "../../lib/protocols/fastcgi/record-encoder.ts";
import { bytes } from "../support/bytes.ts";

interface Seen {
  type: number;
  id: number;
  content: string;
}

/** Feeds pieces to a decoder; pieces of a stream's record are joined, as those of a stream may be. */
function decode(pieces: Iterable<Buffer>): { records: Seen[]; decoder: RecordDecoder } {
  const records: Seen[] = [];
  const decoder = new RecordDecoder((type, id, content, start, end) => {
    const text = content.toString("latin1", start, end);
    const last = records.at(-1);
    const continues = [4, 5, 6, 7, 8].includes(type) && text !== "" && last?.type === type && last.id === id;
    if (continues && last.content !== "") last.content += text;
    else records.push({ type, id, content: text });
  });
  for (const piece of pieces) decoder.push(piece);
  return { records, decoder };
}

// The wire is typed from §3.3 of the specification, not made by our encoder.
const records: { name: string; wire: string; record: Seen }[] = [
  {
    name: "begin request",
    wire: "01 01 0001 0008 00 00 | 0001 01 0000000000",
    record: { type: 1, id: 1, content: "\0\x01\x01\0\0\0\0\0" },
  },
  { name: "abort", wire: "01 02 0001 0000 00 00", record: { type: 2, id: 1, content: "" } },
  {
    name: "padding of any value",
    wire: "01 05 0102 0003 05 ff | 616263 | deadbeef99",
    record: { type: 5, id: 258, content: "abc" },
  },
  {
    name: "no padding",
    wire: "01 04 ffff 0004 00 00 | 01014142",
    record: { type: 4, id: 65535, content: "\x01\x01AB" },
  },
  { name: "end of a stream", wire: "01 05 0001 0000 00 00", record: { type: 5, id: 1, content: "" } },
  {
    name: "padding without content",
    wire: "01 05 0001 0000 08 00 | 0000000000000000",
    record: { type: 5, id: 1, content: "" },
  },
  { name: "management", wire: "01 09 0000 0000 00 00", record: { type: 9, id: 0, content: "" } },
  {
    name: "unknown type",
    wire: "01 63 0007 0002 06 00 | 7879 | 000000000000",
    record: { type: 99, id: 7, content: "xy" },
  },
  {
    name: "the longest content and padding",
    wire: `01 05 0001 ffff ff 00 | ${"61".repeat(65535)} | ${"00".repeat(255)}`,
    record: { type: 5, id: 1, content: "a".repeat(65535) },
  },
];

describe("decoding records (FastCGI §3.3)", () => {
  test.each(records)("$name: whole, byte by byte, and with bytes behind it", ({ wire, record }) => {
    const input = bytes(wire);
    const whole = decode([input]);
    expect(whole.records).toEqual([record]);
    expect(whole.decoder.atBoundary).toBe(true);

    expect(decode([...input].map((byte) => Buffer.of(byte))).records).toEqual([record]);

    const trailing = decode([Buffer.concat([input, bytes("01 05")])]);
    expect(trailing.records).toEqual([record]);
    expect(trailing.decoder.atBoundary).toBe(false);
  });

  test("nothing of a discrete record comes out before all of it is there", () => {
    const input = bytes("01 01 0001 0008 00 00 | 0001 01 0000000000");
    expect(decode([input.subarray(0, -1)]).records).toEqual([]);
  });

  test("a stream's record is handed on in the pieces in which it came", () => {
    const pieces: string[] = [];
    const decoder = new RecordDecoder((_type, _id, content, start, end) => {
      pieces.push(content.toString("latin1", start, end));
    });
    for (const hex of ["01 05 0001 0006 02 00 | 6162", "6364", "6566 00", "00"]) decoder.push(bytes(hex));
    expect(pieces).toEqual(["ab", "cd", "ef"]);
  });

  test.each(["00", "02", "7f"])("version %s is refused", (version) => {
    expect(() => decode([bytes(`${version} 01 0001 0000 00 00`)])).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "FCGI_VERSION" }),
    );
  });

  test("any records, cut anywhere, come out the same", () => {
    const record = fc.record({
      type: fc.integer({ min: 1, max: 12 }),
      id: fc.integer({ min: 0, max: 65535 }),
      content: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      padding: fc.integer({ min: 0, max: 255 }),
    });
    const input = fc.tuple(fc.array(record, { maxLength: 8 }), fc.array(fc.nat(1500), { maxLength: 6 }));
    fc.assert(
      fc.property(input, ([records, cuts]) => {
        const wire = Buffer.concat(
          records.flatMap(({ type, id, content, padding }) => [
            Buffer.of(1, type, id >> 8, id & 255, content.length >> 8, content.length & 255, padding, 0),
            content,
            Buffer.alloc(padding, 7),
          ]),
        );
        const ends = [...cuts.filter((cut) => cut < wire.length), wire.length].sort((a, b) => a - b);
        const pieces = ends.map((end, index) => wire.subarray(ends[index - 1] ?? 0, end));
        expect(decode(pieces).records).toEqual(decode([wire]).records);
        const total = records.reduce((sum, { content }) => sum + content.length, 0);
        expect(decode(pieces).records.reduce((sum, { content }) => sum + content.length, 0)).toBe(total);
      }),
    );
  });
});

describe("encoding records (FastCGI §3.3, §4.2, §5.5)", () => {
  test.each([
    {
      name: "content is padded to 8",
      made: encodeRecord(6, 1, Buffer.from("hello")),
      wire: "01 06 0001 0005 03 00 | 68656c6c6f | 000000",
    },
    {
      name: "aligned content is not",
      made: encodeRecord(7, 258, Buffer.from("12345678")),
      wire: "01 07 0102 0008 00 00 | 3132333435363738",
    },
    { name: "empty", made: encodeRecord(6, 65535, Buffer.alloc(0)), wire: "01 06 ffff 0000 00 00" },
    {
      name: "begin request, responder, connection kept",
      made: encodeBeginRequest(1, 1, 1),
      wire: "01 01 0001 0008 00 00 | 0001 01 0000000000",
    },
    {
      name: "end request",
      made: Buffer.from(endRequestText(1, 1, 0), "latin1"),
      wire: "01 03 0001 0008 00 00 | 00000001 00 000000",
    },
    {
      name: "end request, overloaded",
      made: Buffer.from(endRequestText(3, 0, 2), "latin1"),
      wire: "01 03 0003 0008 00 00 | 00000000 02 000000",
    },
    {
      name: "end request, of any numbers",
      made: Buffer.from(endRequestText(0xfedc, 0x89abcdef, 3), "latin1"),
      wire: "01 03 fedc 0008 00 00 | 89abcdef 03 000000",
    },
    {
      name: "text, one byte a letter",
      made: Buffer.from(recordText(6, 0x1234, `\xff${"a".repeat(0x101)}`), "latin1"),
      wire: `01 06 1234 0102 06 00 | ff ${"61".repeat(0x101)} | 000000000000`,
    },
    { name: "no text", made: Buffer.from(recordText(7, 1, ""), "latin1"), wire: "01 07 0001 0000 00 00" },
    { name: "unknown type", made: encodeUnknownType(99), wire: "01 0b 0000 0008 00 00 | 63 00000000000000" },
  ])("$name", ({ made, wire }) => {
    expect(made.toString("hex")).toBe(bytes(wire).toString("hex"));
  });
});

describe("the records of a content of any length (FastCGI §3.3)", () => {
  const large = (length: number): Buffer =>
    Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
  const recordsOf = (content: Uint8Array): Uint8Array[] => {
    const pieces: Uint8Array[] = [];
    addRecords(pieces, 6, 0x0102, content);
    return pieces;
  };

  // A length is two bytes; 80 00 is 32,768, which is a multiple of 8 and wants no padding.
  test.each([
    { length: 5, headers: ["01 06 0102 0005 03 00"], pieces: 1 },
    { length: 1_024, headers: ["01 06 0102 0400 00 00"], pieces: 1 },
    { length: 1_025, headers: ["01 06 0102 0401 07 00"], pieces: 3 },
    { length: 16_384, headers: ["01 06 0102 4000 00 00"], pieces: 2 },
    { length: 32_767, headers: ["01 06 0102 7fff 01 00"], pieces: 3 },
    { length: 32_768, headers: ["01 06 0102 8000 00 00"], pieces: 2 },
    { length: 32_769, headers: ["01 06 0102 0001 07 00", "01 06 0102 8000 00 00"], pieces: 2 },
    { length: 33_792, headers: ["01 06 0102 0400 00 00", "01 06 0102 8000 00 00"], pieces: 2 },
    { length: 33_794, headers: ["01 06 0102 0402 06 00", "01 06 0102 8000 00 00"], pieces: 5 },
    { length: 65_536, headers: ["01 06 0102 8000 00 00", "01 06 0102 8000 00 00"], pieces: 4 },
    {
      length: 65_544,
      headers: ["01 06 0102 0008 00 00", "01 06 0102 8000 00 00", "01 06 0102 8000 00 00"],
      pieces: 4,
    },
  ])("$length bytes", ({ length, headers, pieces }) => {
    const content = large(length);
    let at = 0;
    const wire = headers.flatMap((text) => {
      const header = bytes(text);
      const end = at + header.readUInt16BE(4);
      const record = [header, content.subarray(at, end), Buffer.alloc(header.readUInt8(6))];
      at = end;
      return record;
    });
    expect(at).toBe(length);
    const made = recordsOf(content);
    expect(Buffer.concat(made).equals(Buffer.concat(wire))).toBe(true);
    expect(made).toHaveLength(pieces);
  });

  test("a large content is not copied", () => {
    const content = large(32_776);
    const [start, rest] = recordsOf(content);
    expect(start).toHaveLength(24);
    expect(rest?.buffer).toBe(content.buffer);
    expect(rest?.byteOffset).toBe(content.byteOffset + 8);
  });
});
