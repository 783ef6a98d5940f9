// FastCGI records into bytes (specification §3.3, §5.1, §5.5, §4). Does no I/O.

import { HEADER_BYTES, NULL_REQUEST_ID, RecordType, VERSION } from "./constants.ts";

/** The content of a full record, which needs no padding. Twice as much, which is legal, takes lighttpd longer. */
const FULL_BYTES = 32_768;
/** Up to here a content is copied behind its header: one piece less costs less than not to copy it. */
const COPIED_BYTES = 1_024;

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

/** A record of its own, padded. */
export function encodeRecord(type: number, requestId: number, content: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(recordSize(content.length));
  const at = writeHeader(bytes, 0, type, requestId, content.length);
  bytes.set(content, at);
  writePadding(bytes, at + content.length, content.length);
  return bytes;
}

/**
 * Adds to `pieces` the records of a content, to be sent one behind the other; what is large is not copied. All records are
 * full but the first, which has what is left over: where that is little, it is copied and shares a piece with the next record's
 * header. Of 65,536 bytes, which is what Node reads at once, nothing is left over.
 */
export function addRecords(pieces: Uint8Array[], type: number, requestId: number, content: Uint8Array): void {
  const { length } = content;
  if (length <= COPIED_BYTES) {
    pieces.push(encodeRecord(type, requestId, content));
    return;
  }
  let at = length % FULL_BYTES;
  if (at > COPIED_BYTES) {
    pieces.push(startOf(type, requestId, content, 0, at), content.subarray(0, at));
    if (paddingOf(at) > 0) pieces.push(Buffer.alloc(paddingOf(at)));
  } else {
    pieces.push(startOf(type, requestId, content, at, FULL_BYTES), content.subarray(at, at + FULL_BYTES));
    at += FULL_BYTES;
  }
  for (; at < length; at += FULL_BYTES)
    pieces.push(startOf(type, requestId, content, 0, FULL_BYTES), content.subarray(at, at + FULL_BYTES));
}

/** The header of a record of `contentLength` bytes; in front of it a record of the first `copied` bytes of `content`. */
function startOf(
  type: number,
  requestId: number,
  content: Uint8Array,
  copied: number,
  contentLength: number,
): Buffer {
  const bytes = Buffer.allocUnsafe((copied > 0 ? recordSize(copied) : 0) + HEADER_BYTES);
  let at = 0;
  if (copied > 0) {
    at = writeHeader(bytes, 0, type, requestId, copied);
    for (let from = 0; from < copied; from++) bytes[at++] = content[from] as number;
    at = writePadding(bytes, at, copied);
  }
  writeHeader(bytes, at, type, requestId, contentLength);
  return bytes;
}

/** Padding by its length. */
const PADDINGS = Array.from({ length: 8 }, (_, length) => "\0".repeat(length));

/** A record of content that is text of one byte a letter, as text of the same kind: it can be written without a buffer. */
export function recordText(type: number, requestId: number, content: string): string {
  const { length } = content;
  const padding = paddingOf(length);
  const header = String.fromCharCode(
    VERSION,
    type,
    requestId >> 8,
    requestId & 0xff,
    length >> 8,
    length & 0xff,
    padding,
    0,
  );
  return header + content + PADDINGS[padding];
}

/** §5.5: appStatus (4), protocolStatus, reserved (3); as {@link recordText} is. */
export function endRequestText(requestId: number, appStatus: number, protocolStatus: number): string {
  const content = String.fromCharCode(
    appStatus >>> 24,
    (appStatus >> 16) & 0xff,
    (appStatus >> 8) & 0xff,
    appStatus & 0xff,
    protocolStatus,
    0,
    0,
    0,
  );
  return recordText(RecordType.EndRequest, requestId, content);
}

/** §4.2: the answer to a management record of a type that we do not know. */
export function encodeUnknownType(type: number): Buffer {
  return encodeRecord(RecordType.UnknownType, NULL_REQUEST_ID, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
}
