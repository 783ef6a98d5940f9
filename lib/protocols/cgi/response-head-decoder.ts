// The head of a CGI response (RFC 3875 §6) out of a byte stream that may be cut anywhere, as FastCGI, SCGI and uwsgi
// servers send it too. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { GatheredBytes } from "../gathered-bytes.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What uWSGI and scripts that speak for the server ("non-parsed header") begin with instead of a Status. */
const STATUS_LINE = /^HTTP\/\d(?:\.\d)? ([2-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const STATUS = /^([2-9]\d\d)(?:[ \t]+(.*))?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 §5.5, with obs-text.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export interface DecodedResponseHead {
  /** Three digits, a space and a reason, which may be empty. */
  readonly status: string;
  /** Without `Status`, which is the server's. One code point is one byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Finds the head in front of a body; its lines may end in a line feed alone. Holds no more than the head. */
export class ResponseHeadDecoder {
  readonly #maxBytes: number;
  readonly #parts = new GatheredBytes();
  /** Bytes of the line at the end of what has come. A CR in front of all others is not counted: it ends the line. */
  #lineLength = 0;
  /** Undefined as long as its end has not come. */
  head: DecodedResponseHead | undefined;

  /** @param maxBytes the longest head; a longer one is an error */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes of the response, and gives the position behind what belongs to the head.
   *
   * @throws {ProtocolError} `RESPONSE_HEAD_TOO_LARGE`, or `RESPONSE_HEAD` when a line is no header or the status is
   *   none
   */
  push(bytes: Buffer): number {
    if (this.head !== undefined) return 0;
    const end = this.#endIn(bytes);
    const taken = end ?? bytes.length;
    if (this.#parts.length + taken > this.#maxBytes) {
      throw new ProtocolError(
        "RESPONSE_HEAD_TOO_LARGE",
        `the head of a response is longer than ${this.#maxBytes} bytes`,
      );
    }
    this.#parts.add(bytes, 0, taken);
    if (end !== undefined) this.head = parseHead(this.#parts.bytes.toString("latin1"));
    return taken;
  }

  /** The position behind the empty line. */
  #endIn(bytes: Buffer): number | undefined {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === LINE_FEED) {
        if (this.#lineLength === 0) return at + 1;
        this.#lineLength = 0;
      } else if (byte !== CARRIAGE_RETURN || this.#lineLength > 0) {
        this.#lineLength++;
      }
    }
    return undefined;
  }
}

function parseHead(text: string): DecodedResponseHead {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const statusLine = STATUS_LINE.exec(lines[0] ?? "");
  if (statusLine !== null) lines.shift();
  const headers: [name: string, value: string][] = [];
  let status: string | undefined;
  let redirects = false;
  for (const line of lines) {
    // The empty line, and nothing behind it.
    if (line === "") break;
    const [name, value] = parseHeader(line);
    const lower = name.toLowerCase();
    if (lower === "status") {
      if (status !== undefined) malformed("the status was sent twice");
      status = parseStatus(STATUS.exec(value));
    } else {
      headers.push([name, value]);
      redirects ||= lower === "location";
    }
  }
  if (statusLine !== null) status = parseStatus(statusLine);
  else if (status === undefined && headers.length === 0) malformed("it holds nothing");
  // RFC 3875 §6.2.3: who names a location and no status redirects.
  return { status: status ?? (redirects ? "302 Found" : "200 OK"), headers };
}

function parseHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (!NAME.test(name)) malformed("a line is no header");
  let start = colon + 1;
  let end = line.length;
  // Not trim(), to which 0xA0 is a space, though here it is half of a character.
  while (isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  const value = line.slice(start, end);
  if (!VALUE.test(value)) malformed(`header ${name} holds a control character`);
  return [name, value];
}

function parseStatus(match: RegExpExecArray | null): string {
  return match === null ? malformed("the status is none") : `${match[1]} ${match[2] ?? ""}`;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

function malformed(what: string): never {
  throw new ProtocolError("RESPONSE_HEAD", `the head of a response is malformed: ${what}`);
}
