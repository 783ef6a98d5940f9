// The beginning of a FastCGI request into bytes (specification §5.1, §5.2, §3.4). Does no I/O.

import { ApplicationError } from "../../errors.ts";
import { KEEP_CONNECTION, RecordType, Role } from "./constants.ts";
import { encodeBeginRequest, encodeRecord } from "./record-encoder.ts";

const MAX_CONTENT_BYTES = 65_535;
const EMPTY = new Uint8Array(0);

/**
 * BEGIN_REQUEST for a responder, and all of PARAMS with its end: what stands in front of STDIN.
 *
 * @param keepConnection the server leaves the connection open behind its answer
 * @throws {ApplicationError} `VARIABLE` when a name or a value cannot be sent
 */
export function encodeRequestHead(
  requestId: number,
  keepConnection: boolean,
  variables: Iterable<readonly [name: string, value: string]>,
): Buffer {
  const records = [encodeBeginRequest(requestId, Role.Responder, keepConnection ? KEEP_CONNECTION : 0)];
  for (const content of contentsOf(variables)) {
    records.push(encodeRecord(RecordType.Params, requestId, Buffer.from(content, "latin1")));
  }
  records.push(encodeRecord(RecordType.Params, requestId, EMPTY));
  return Buffer.concat(records);
}

/**
 * The contents of the records. A pair is cut only where it is longer than a record can be: PHP and flup read each record
 * by itself.
 */
function contentsOf(variables: Iterable<readonly [name: string, value: string]>): string[] {
  const contents: string[] = [];
  let content = "";
  for (const [name, value] of variables) {
    const pair = lengthOf(name) + lengthOf(value) + checked(name, name) + checked(value, name);
    if (content !== "" && content.length + pair.length > MAX_CONTENT_BYTES) {
      contents.push(content);
      content = "";
    }
    content += pair;
    while (content.length > MAX_CONTENT_BYTES) {
      contents.push(content.slice(0, MAX_CONTENT_BYTES));
      content = content.slice(MAX_CONTENT_BYTES);
    }
  }
  if (content !== "") contents.push(content);
  return contents;
}

/** One byte, or four of which the highest bit says that they are four; one code point each. */
function lengthOf({ length }: string): string {
  if (length < 0x80) return String.fromCharCode(length);
  return String.fromCharCode(
    0x80 | (length >>> 24),
    (length >> 16) & 0xff,
    (length >> 8) & 0xff,
    length & 0xff,
  );
}

function checked(text: string, name: string): string {
  if (!/[\u0100-\uffff]/.test(text)) return text;
  throw new ApplicationError(
    "VARIABLE",
    `variable ${JSON.stringify(name)} holds a character that is no byte`,
  );
}
