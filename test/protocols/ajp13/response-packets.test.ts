import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PacketType } from "../../../lib/protocols/ajp13/constants.ts";
import {
  bodyChunkText,
  decodeGatewayPacket,
  encodeBodyChunk,
  encodeCPong,
  encodeGetBodyChunk,
  endResponseText,
  type GatewayPacket,
  type SendHeaders,
  sendHeadersText,
} from "../../../lib/protocols/ajp13/response-packets.ts";
import { bytes } from "../../support/bytes.ts";

function text(value: string): string {
  return `${value.length.toString(16).padStart(4, "0")} ${Buffer.from(value, "latin1").toString("hex")} 00`;
}

function sendHeaders(head: SendHeaders): Buffer {
  return Buffer.from(sendHeadersText(head) ?? "", "latin1");
}

function decode(wire: string): GatewayPacket {
  const payload = bytes(wire);
  return decodeGatewayPacket(payload, 0, payload.length);
}

const packets: { name: string; made: Buffer; wire: string; packet: GatewayPacket }[] = [
  {
    name: "SEND_HEADERS",
    made: sendHeaders({ status: 200, message: "OK", headers: [["Content-Type", "text/plain"]] }),
    wire: `4142 0026 | 04 00c8 ${text("OK")} 0001 ${text("Content-Type")} ${text("text/plain")}`,
    packet: {
      type: PacketType.SendHeaders,
      status: 200,
      message: "OK",
      headers: [["Content-Type", "text/plain"]],
    },
  },
  {
    name: "SEND_HEADERS with no reason and no headers",
    made: sendHeaders({ status: 999, message: "", headers: [] }),
    wire: "4142 0008 | 04 03e7 0000 00 0000",
    packet: { type: PacketType.SendHeaders, status: 999, message: "", headers: [] },
  },
  {
    name: "SEND_HEADERS with two cookies, apart, and bytes above 127",
    made: sendHeaders({
      status: 302,
      message: "\xe9",
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=\xfc"],
        ["X", ""],
      ],
    }),
    wire:
      `4142 0036 | 04 012e ${text("\xe9")} 0003 ${text("Set-Cookie")} ${text("a=1")} ` +
      `${text("Set-Cookie")} ${text("b=\xfc")} ${text("X")} ${text("")}`,
    packet: {
      type: PacketType.SendHeaders,
      status: 302,
      message: "\xe9",
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=\xfc"],
        ["X", ""],
      ],
    },
  },
  {
    name: "SEND_BODY_CHUNK",
    made: encodeBodyChunk(Buffer.from("abc")),
    wire: "4142 0007 | 03 0003 616263 00",
    packet: { type: PacketType.SendBodyChunk, data: Buffer.from("abc") },
  },
  {
    name: "SEND_BODY_CHUNK of text",
    made: Buffer.from(bodyChunkText("ab\xe9"), "latin1"),
    wire: "4142 0007 | 03 0003 6162e9 00",
    packet: { type: PacketType.SendBodyChunk, data: Buffer.from("ab\xe9", "latin1") },
  },
  {
    name: "SEND_BODY_CHUNK without data",
    made: encodeBodyChunk(Buffer.alloc(0)),
    wire: "4142 0004 | 03 0000 00",
    packet: { type: PacketType.SendBodyChunk, data: Buffer.alloc(0) },
  },
  {
    name: "END_RESPONSE of a connection that is kept",
    made: Buffer.from(endResponseText(true), "latin1"),
    wire: "4142 0002 | 05 01",
    packet: { type: PacketType.EndResponse, reuse: true },
  },
  {
    name: "END_RESPONSE of one that is closed",
    made: Buffer.from(endResponseText(false), "latin1"),
    wire: "4142 0002 | 05 00",
    packet: { type: PacketType.EndResponse, reuse: false },
  },
  {
    name: "GET_BODY_CHUNK",
    made: encodeGetBodyChunk(8_186),
    wire: "4142 0003 | 06 1ffa",
    packet: { type: PacketType.GetBodyChunk, length: 8_186 },
  },
  {
    name: "GET_BODY_CHUNK of the longest packet",
    made: encodeGetBodyChunk(65_530),
    wire: "4142 0003 | 06 fffa",
    packet: { type: PacketType.GetBodyChunk, length: 65_530 },
  },
  { name: "CPONG", made: encodeCPong(), wire: "4142 0001 | 09", packet: { type: PacketType.CPong } },
];

describe("what a gateway sends", () => {
  test.each(packets)("$name is made as the reference says", ({ made, wire }) => {
    expect(made.toString("hex")).toBe(bytes(wire).toString("hex"));
  });

  test.each(packets)("$name is read, also among other bytes", ({ wire, packet }) => {
    const whole = bytes(wire);
    expect(decodeGatewayPacket(whole, 4, whole.length)).toEqual(packet);
    const around = Buffer.concat([whole, Buffer.alloc(3, 0xee)]);
    expect(decodeGatewayPacket(around, 4, whole.length)).toEqual(packet);
    expect(decodeGatewayPacket(around, 4, around.length)).toEqual(packet);
  });

  test.each([
    ["a001", "Content-Type"],
    ["a002", "Content-Language"],
    ["a003", "Content-Length"],
    ["a004", "Date"],
    ["a005", "Last-Modified"],
    ["a006", "Location"],
    ["a007", "Set-Cookie"],
    ["a008", "Set-Cookie2"],
    ["a009", "Servlet-Engine"],
    ["a00a", "Status"],
    ["a00b", "WWW-Authenticate"],
  ])("header %s of a response is %s", (number, name) => {
    expect(decode(`04 00c8 ${text("OK")} 0001 ${number} ${text("v")}`)).toMatchObject({
      headers: [[name, "v"]],
    });
  });

  test("a reason that is null is empty", () => {
    expect(decode("04 00c8 ffff 0000")).toMatchObject({ message: "", headers: [] });
  });

  test("a body chunk without the NUL behind it is read all the same", () => {
    expect(decode("03 0002 6162")).toEqual({ type: PacketType.SendBodyChunk, data: Buffer.from("ab") });
  });

  test.each([
    ["no payload", "", "AJP_PACKET"],
    ["a type that is none", "0b", "AJP_PACKET_TYPE"],
    ["FORWARD_REQUEST", "02 02", "AJP_PACKET_TYPE"],
    ["CPING", "0a", "AJP_PACKET_TYPE"],
    ["a body chunk beyond the packet", "03 0004 616263", "AJP_PACKET"],
    ["SEND_HEADERS without headers that it announces", "04 00c8 0000 00 0001", "AJP_PACKET"],
    ["SEND_HEADERS with a header of no name", `04 00c8 0000 00 0001 a00c ${text("v")}`, "AJP_HEADER"],
    ["SEND_HEADERS with a string without a NUL", "04 00c8 0002 4f4b 41 0000", "AJP_STRING"],
    ["END_RESPONSE without its flag", "05", "AJP_PACKET"],
    ["GET_BODY_CHUNK without its length", "06 1f", "AJP_PACKET"],
  ])("%s is refused", (_name, wire, code) => {
    expect(() => decode(wire)).toThrow(expect.objectContaining({ name: "ProtocolError", code }));
  });

  test("a name that begins as a number does fits into no packet", () => {
    const packetOf = (length: number) =>
      sendHeadersText({ status: 200, message: "", headers: [["x".repeat(length), ""]] });
    expect(packetOf(0x9fff)).toHaveLength(4 + 8 + 0x9fff + 6);
    expect(packetOf(0xa000)).toBeUndefined();
  });

  test("any head comes back the same", () => {
    const string = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString("latin1"));
    const head = fc.record({
      status: fc.integer({ min: 100, max: 999 }),
      message: string,
      headers: fc.array(fc.tuple(string, string), { maxLength: 10 }),
    });
    fc.assert(
      fc.property(head, (made) => {
        const packet = sendHeaders(made);
        expect(decodeGatewayPacket(packet, 4, packet.length)).toEqual({
          type: PacketType.SendHeaders,
          ...made,
        });
      }),
    );
  });
});
