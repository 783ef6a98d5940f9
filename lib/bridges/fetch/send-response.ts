// A Response on its way out through the gateway.

import { STATUS_CODES } from "node:http";
import { ApplicationError } from "../../errors.ts";
import { HOP_BY_HOP } from "../../gateway/head.ts";
import type { Body, Chunk, Environ, Header, StartResponse } from "../../gateway/types.ts";
import { TEXT_TYPE, takeSimple } from "./light-response.ts";
import { ResponseBody } from "./response-body.ts";

/** What the bridge needs of a Response, which another realm or a polyfill may have made. */
interface AnyResponse {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: Iterable<Header>;
  readonly body: ReadableStream<Chunk> | null;
  readonly bodyUsed?: boolean;
}

/** Status lines without a reason of their own, so that each is written once. */
const lines = new Map<number, string>();

/**
 * Starts the response and gives its body.
 *
 * @throws {ApplicationError} `NO_RESPONSE` when the value is no Response, or one of `Response.error()`; `RESPONSE_USED` when
 *   its body has been read or is being read
 */
export function sendResponse(
  value: unknown,
  environ: Environ,
  startResponse: StartResponse,
): Body | Promise<Body> {
  const simple = typeof value === "object" && value !== null ? takeSimple(value) : undefined;
  if (simple !== undefined) {
    const { status, statusText, headers, content } = simple;
    startResponse(statusLine(status, statusText), sentHeaders(headers, content !== null));
    return content === null ? [] : [content];
  }
  if (!isResponse(value)) throw noResponse(`${described(value)}, not with a Response`);
  const { status, statusText, headers, body } = value;
  if (status === 0) throw noResponse("Response.error(), which no client can be sent");
  if (body !== null && (body.locked || value.bodyUsed === true)) {
    throw new ApplicationError(
      "RESPONSE_USED",
      "the body of the Response has been read already; make a new Response for each request",
    );
  }
  startResponse(statusLine(status, statusText), sentHeaders(headers, body !== null));
  return body === null ? [] : new ResponseBody(body, environ["postern.signal"]).readAhead();
}

function statusLine(status: number, reason = ""): string {
  if (reason !== "") return `${status} ${reason}`;
  const line = lines.get(status) ?? `${status} ${STATUS_CODES[status] ?? "Unregistered"}`;
  // A Response has no other.
  if (status >= 200 && status < 600) lines.set(status, line);
  return line;
}

function isResponse(value: unknown): value is AnyResponse {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Partial<Record<keyof AnyResponse, unknown>>;
  return typeof status === "number" && isIterable(headers) && (body === null || isStream(body));
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function isStream(value: unknown): boolean {
  // Asked for and not looked for: that of a polyfill stands for another.
  return typeof (value as Partial<ReadableStream> | null | undefined)?.getReader === "function";
}

/** What belongs to the connection is the server's business, and a header named Status would be a second status. */
function sentHeaders(headers: Iterable<Header>, hasBody: boolean): Header[] {
  const sent: Header[] = [];
  let typed = !hasBody;
  for (const header of headers) {
    // Those of a polyfill have capitals.
    const name = header[0].toLowerCase();
    if (HOP_BY_HOP.has(name) || name === "status") continue;
    typed ||= name === "content-type";
    sent.push(header);
  }
  // A body without a type is none for CGI (RFC 3875 §6.3.1).
  if (!typed) sent.push(["content-type", TEXT_TYPE]);
  return sent;
}

function noResponse(answer: string): ApplicationError {
  return new ApplicationError("NO_RESPONSE", `the fetch handler answered with ${answer}`);
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? `an object of class ${value.constructor?.name}` : `a ${typeof value}`;
}
