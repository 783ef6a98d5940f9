// The head of a response, checked where it leaves the application: what passes here can be written as it is by
// every protocol, and what does not never reaches a wire.

import { ApplicationError } from "../errors.ts";
import type { Header, Headers } from "./types.ts";

/** A head that passed every check. */
export interface ResponseHead {
  /** Code and reason, such as `200 OK`. */
  readonly status: string;
  readonly code: number;
  readonly headers: Header[];
  /** Value of Content-Length, where it is known. */
  contentLength: number | undefined;
}

// RFC 9110 §15: a final status; RFC 9112 §4: the reason may be empty but holds no control character.
const STATUS = /^[2-9]\d\d [\t\x20-\x7e\x80-\xff]*$/;
/** A header's name (RFC 9110 §5.6.2). */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A header's value (RFC 9110 §5.5, with obs-text); a code point above 255 is no byte. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d{1,15}$/;

/** RFC 9110 §7.6.1: these belong to a connection, and the connection is the server's. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
]);

const PLAIN = 0;
const CONTENT_LENGTH = 1;

/** Names that passed, so that a name is looked at once and not at each response. */
const known = new Map<string, number>();
const MAX_KNOWN = 512;

/**
 * Checks and copies what was passed to `startResponse`.
 *
 * @throws {ApplicationError} `STATUS`, `HEADER_NAME`, `HEADER_VALUE`, `HEADER_HOP_BY_HOP` or `CONTENT_LENGTH`
 */
export function checkHead(status: string, headers: Headers): ResponseHead {
  if (typeof status !== "string" || !STATUS.test(status)) {
    throw new ApplicationError(
      "STATUS",
      `status ${JSON.stringify(status)} is not three digits from 200 on, a space and a reason`,
    );
  }
  const copied: Header[] = [];
  let contentLength: number | undefined;
  for (const header of headers) {
    const name = header[0];
    const value = header[1];
    const kind = known.get(name) ?? classify(name);
    if (typeof value !== "string" || !HEADER_VALUE.test(value)) {
      throw new ApplicationError(
        "HEADER_VALUE",
        `header ${name} has a value that cannot be sent: ${complaint(value)}`,
      );
    }
    if (kind === CONTENT_LENGTH) {
      const known = contentLength;
      contentLength = parseContentLength(value, known);
      // The same once more.
      if (known !== undefined) continue;
    }
    copied.push([name, value]);
  }
  return { status, code: codeOf(status), headers: copied, contentLength };
}

/** RFC 9110 §6.4.1: these responses never have a body. */
export function isBodyless(code: number): boolean {
  return code === 204 || code === 304;
}

/** Adds the length that the application did not give. */
export function setContentLength(head: ResponseHead, length: number): void {
  head.headers.push(["Content-Length", String(length)]);
  head.contentLength = length;
}

export function removeContentLength(head: ResponseHead): void {
  if (head.contentLength === undefined) return;
  const at = head.headers.findIndex(([name]) => name.toLowerCase() === "content-length");
  head.headers.splice(at, 1);
  head.contentLength = undefined;
}

function codeOf(status: string): number {
  return (status.charCodeAt(0) - 48) * 100 + (status.charCodeAt(1) - 48) * 10 + (status.charCodeAt(2) - 48);
}

function classify(name: string): number {
  if (typeof name !== "string" || !HEADER_NAME.test(name)) {
    throw new ApplicationError("HEADER_NAME", `${JSON.stringify(name)} is no header name (RFC 9110 §5.6.2)`);
  }
  const lower = name.toLowerCase();
  if (HOP_BY_HOP.has(lower)) {
    throw new ApplicationError("HEADER_HOP_BY_HOP", `header ${name} belongs to the server; leave it out`);
  }
  if (lower === "status") {
    throw new ApplicationError("HEADER_NAME", "a header named Status would be a second status; leave it out");
  }
  const kind = lower === "content-length" ? CONTENT_LENGTH : PLAIN;
  if (known.size < MAX_KNOWN) known.set(name, kind);
  return kind;
}

function parseContentLength(value: string, before: number | undefined): number {
  const length = Number(value);
  if (!DIGITS.test(value) || (before !== undefined && before !== length)) {
    throw new ApplicationError(
      "CONTENT_LENGTH",
      `Content-Length ${JSON.stringify(value)} is not one number of bytes`,
    );
  }
  return length;
}

function complaint(value: unknown): string {
  if (typeof value !== "string") return `it is a ${typeof value}, not a string`;
  return /[\u0100-\uffff]/.test(value)
    ? "it holds a character that is no byte; encode it first"
    : "it holds a control character";
}
