// Requests and responses of uwsgi for tests, typed from uWSGI's documentation of the protocol and not taken from lib, so
// that a mistake there cannot cancel out here.

import type { CaseResponse } from "../../lib/testing/conformance.ts";
import { parseHeaderLines } from "./cgi-response.ts";
import type { Variable } from "./cgi-variables.ts";

function lowByteFirst(number: number): Buffer {
  return Buffer.of(number & 0xff, number >> 8);
}

/** Length and name, length and value; one code point a byte. */
export function pairBlock(variables: Iterable<Variable>): Buffer {
  const strings = [...variables].flat().map((text) => Buffer.from(text, "latin1"));
  return Buffer.concat(strings.flatMap((string) => [lowByteFirst(string.length), string]));
}

/** modifier1, datasize, modifier2 and the block. */
export function packet(block: Buffer, modifier1 = 0, modifier2 = 0): Buffer {
  return Buffer.concat([Buffer.of(modifier1), lowByteFirst(block.length), Buffer.of(modifier2), block]);
}

/** A whole request. CONTENT_LENGTH, that of the body unless `variables` have one, is left out where there is no body. */
export function uwsgiRequest(variables: Iterable<Variable>, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const all = [...variables];
  const named = all.some(([name]) => name === "CONTENT_LENGTH");
  if (!named && body.length > 0) all.push(["CONTENT_LENGTH", String(body.length)]);
  return Buffer.concat([packet(pairBlock(all)), body]);
}

/** What Apache takes: a status line, headers, an empty line. */
export function parseUwsgiResponse(bytes: Buffer, complete: boolean): CaseResponse {
  const end = bytes.indexOf("\r\n\r\n");
  const lineEnd = bytes.indexOf("\r\n");
  const line = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(bytes.toString("latin1", 0, Math.max(lineEnd, 0)));
  if (end < 0 || line === null)
    throw new Error(`no head in ${JSON.stringify(bytes.toString("latin1").slice(0, 200))}`);
  const headers = lineEnd === end ? [] : parseHeaderLines(bytes.subarray(lineEnd + 2, end));
  return {
    status: Number(line[1]),
    reason: line[2] ?? "",
    headers,
    body: bytes.subarray(end + 4),
    complete,
  };
}
