// What goes to the gateway besides FORWARD_REQUEST: the request's body, which it asks for piece by piece, and CPing.
// Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { DATA_PACKET_OVERHEAD, Magic, PacketType } from "./constants.ts";
import { encodePacket, writeHeader, writeInteger } from "./packet-writer.ts";

/**
 * Where the data of a data packet begins in its payload from `start` to `end`, at the end of which it ends. None is the
 * end of the body; mod_jk has not even a length then.
 *
 * @throws {ProtocolError} `AJP_DATA` when its length is not that of the packet. lighttpd's mod_ajp13 leaves it out, and a
 *   packet that is no data packet has something else in its place
 */
export function dataStart(bytes: Buffer, start: number, end: number): number {
  if (start === end) return end;
  const length = end - start >= 2 ? bytes.readUInt16BE(start) : undefined;
  if (length === end - start - 2) return start + 2;
  throw new ProtocolError(
    "AJP_DATA",
    "a data packet does not say how long its data is (as those of lighttpd's mod_ajp13), or is none",
  );
}

/** A data packet, of up to six bytes less than the longest packet; one without data ends the body. */
export function encodeDataPacket(data: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(DATA_PACKET_OVERHEAD + data.length);
  const at = writeHeader(bytes, 0, Magic.Server, 2 + data.length);
  bytes.set(data, writeInteger(bytes, at, data.length));
  return bytes;
}

/** Asks the gateway whether it is there. It answers CPong. */
export function encodeCPing(): Buffer {
  return encodePacket(Magic.Server, PacketType.CPing);
}
