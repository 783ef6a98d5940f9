// What a gateway sends: the response in packets, and what it asks the web server for. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import {
  BODY_CHUNK_OVERHEAD,
  CODED_NAME,
  HEADER_BYTES,
  Magic,
  PacketType,
  RESPONSE_HEADERS,
} from "./constants.ts";
import { PacketReader } from "./packet-reader.ts";
import { encodePacket, writeHeader, writeInteger } from "./packet-writer.ts";

/** A response's head as SEND_HEADERS has it. */
export interface SendHeaders {
  readonly status: number;
  /** The reason, which may be empty. */
  readonly message: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const SEND_HEADERS = String.fromCharCode(PacketType.SendHeaders);
const SEND_BODY_CHUNK = String.fromCharCode(PacketType.SendBodyChunk);
const END_AND_REUSE = packetText(String.fromCharCode(PacketType.EndResponse, 1));
const END_AND_CLOSE = packetText(String.fromCharCode(PacketType.EndResponse, 0));

export type GatewayPacket =
  | ({ readonly type: typeof PacketType.SendHeaders } & SendHeaders)
  /** `data` is in the memory of the packet; a packet without any asks the web server to send on what it has. */
  | { readonly type: typeof PacketType.SendBodyChunk; readonly data: Buffer }
  /** `reuse` says that the connection takes another request; else it is closed. */
  | { readonly type: typeof PacketType.EndResponse; readonly reuse: boolean }
  /** The gateway waits for a data packet of up to `length` bytes. */
  | { readonly type: typeof PacketType.GetBodyChunk; readonly length: number }
  | { readonly type: typeof PacketType.CPong };

/**
 * The packet of a head, as text of one byte a letter: it can be written without a buffer. Undefined where none can carry it,
 * whatever its size: a name that begins as the number of a header does. Names are sent as strings, which every web server
 * reads as it does their numbers.
 */
export function sendHeadersText({ status, message, headers }: SendHeaders): string | undefined {
  let payload = `${SEND_HEADERS}${integerText(status)}${stringText(message)}${integerText(headers.length)}`;
  for (const [name, value] of headers) {
    if (name.length >= CODED_NAME << 8) return undefined;
    payload += stringText(name) + stringText(value);
  }
  return packetText(payload);
}

/** A SEND_BODY_CHUNK of data that is text of one byte a letter, as text of the same kind. */
export function bodyChunkText(data: string): string {
  return packetText(`${SEND_BODY_CHUNK}${integerText(data.length)}${data}\0`);
}

/** END_RESPONSE, in the same way. */
export function endResponseText(reuse: boolean): string {
  return reuse ? END_AND_REUSE : END_AND_CLOSE;
}

/** Bytes of a SEND_BODY_CHUNK in front of its data. One NUL follows behind it. */
export const BODY_CHUNK_START_BYTES = BODY_CHUNK_OVERHEAD - 1;

/** Writes what precedes the data of a SEND_BODY_CHUNK; gives the position where it belongs. */
export function writeBodyChunkStart(bytes: Buffer, at: number, length: number): number {
  const next = writeHeader(bytes, at, Magic.Gateway, BODY_CHUNK_OVERHEAD - HEADER_BYTES + length);
  bytes[next] = PacketType.SendBodyChunk;
  return writeInteger(bytes, next + 1, length);
}

/** A SEND_BODY_CHUNK of its own; one without data asks the web server to send on what it has. */
export function encodeBodyChunk(data: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(BODY_CHUNK_OVERHEAD + data.length);
  const at = writeBodyChunkStart(bytes, 0, data.length);
  bytes.set(data, at);
  bytes[at + data.length] = 0;
  return bytes;
}

export function encodeGetBodyChunk(length: number): Buffer {
  return encodePacket(Magic.Gateway, PacketType.GetBodyChunk, length >> 8, length & 0xff);
}

export function encodeCPong(): Buffer {
  return encodePacket(Magic.Gateway, PacketType.CPong);
}

/**
 * Reads a payload that a gateway sent. What stands behind its end is ignored.
 *
 * @throws {ProtocolError} `AJP_PACKET_TYPE` when it is no packet of a gateway; `AJP_PACKET`, `AJP_STRING` and `AJP_HEADER` when it
 *   cannot be read
 */
export function decodeGatewayPacket(bytes: Buffer, start: number, end: number): GatewayPacket {
  const reader = new PacketReader(bytes, start, end);
  const type = reader.byte();
  switch (type) {
    case PacketType.SendHeaders: {
      const status = reader.integer();
      const message = reader.string() ?? "";
      return { type, status, message, headers: reader.headers(RESPONSE_HEADERS) };
    }
    case PacketType.SendBodyChunk:
      return { type, data: reader.bytes(reader.integer()) };
    case PacketType.EndResponse:
      return { type, reuse: reader.byte() !== 0 };
    case PacketType.GetBodyChunk:
      return { type, length: reader.integer() };
    case PacketType.CPong:
      return { type };
    default:
      throw new ProtocolError("AJP_PACKET_TYPE", `no packet of a gateway has the type ${type}`);
  }
}

function packetText(payload: string): string {
  return `AB${integerText(payload.length)}${payload}`;
}

function stringText(text: string): string {
  return `${integerText(text.length)}${text}\0`;
}

function integerText(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff);
}
