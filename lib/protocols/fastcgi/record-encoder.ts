// FastCGI records into bytes (specification §3.3, §5.1, §5.5, §4). Does no I/O.

import { HEADER_BYTES, NULL_REQUEST_ID, RecordType, VERSION } from "./constants.ts";

/** Bytes that fill a record's content up to a multiple of 8, as §3.3 recommends. */
export function paddingOf(contentLength: number): number {
  return -contentLength & 7;
}

/** Bytes that a record takes on the wire. */
export function recordSize(contentLength: number): number {
  return HEADER_BYTES + contentLength + paddingOf(contentLength);
}

/** Writes a record's header at `at`; gives the position behind it, where the content belongs. */
export function writeHeader(
  bytes: Buffer,
  at: number,
  type: number,
  requestId: number,
  contentLength: number,
): number {
  bytes[at] = VERSION;
  bytes[at + 1] = type;
  bytes[at + 2] = requestId >> 8;
  bytes[at + 3] = requestId & 0xff;
  bytes[at + 4] = contentLength >> 8;
  bytes[at + 5] = contentLength & 0xff;
  bytes[at + 6] = paddingOf(contentLength);
  bytes[at + 7] = 0;
  return at + HEADER_BYTES;
}

/** Writes the padding behind a content that ends at `at`; gives the position of the next record. */
export function writePadding(bytes: Buffer, at: number, contentLength: number): number {
  const end = at + paddingOf(contentLength);
  while (at < end) bytes[at++] = 0;
  return end;
}

/** §5.1: role (2), flags, reserved (5). */
export function encodeBeginRequest(requestId: number, role: number, flags: number): Buffer {
  return encodeRecord(
    RecordType.BeginRequest,
    requestId,
    Uint8Array.of(role >> 8, role, flags, 0, 0, 0, 0, 0),
  );
}

export const END_REQUEST_BYTES = recordSize(8);

/** §5.5: appStatus (4), protocolStatus, reserved (3). */
export function writeEndRequest(
  bytes: Buffer,
  at: number,
  requestId: number,
  appStatus: number,
  protocolStatus: number,
): number {
  const body = writeHeader(bytes, at, RecordType.EndRequest, requestId, 8);
  bytes.writeUInt32BE(appStatus, body);
  bytes.writeUInt32BE(protocolStatus * 0x1000000, body + 4);
  return body + 8;
}

/** A record of its own, padded. */
export function encodeRecord(type: number, requestId: number, content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(recordSize(content.length));
  const at = writeHeader(bytes, 0, type, requestId, content.length);
  bytes.set(content, at);
  writePadding(bytes, at + content.length, content.length);
  return bytes;
}

export function encodeEndRequest(requestId: number, appStatus: number, protocolStatus: number): Buffer {
  const bytes = Buffer.allocUnsafe(END_REQUEST_BYTES);
  writeEndRequest(bytes, 0, requestId, appStatus, protocolStatus);
  return bytes;
}

/** §4.2: the answer to a management record of a type that we do not know. */
export function encodeUnknownType(type: number): Buffer {
  return encodeRecord(RecordType.UnknownType, NULL_REQUEST_ID, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
}
