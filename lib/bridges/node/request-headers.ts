// The headers of a request as node:http would show them, made of CGI variables.

import type { IncomingHttpHeaders } from "node:http";
import { eachHeader } from "../../gateway/plain-environ.ts";
import type { Environ } from "../../gateway/types.ts";
import { isGatewaysLength } from "../gateways-length.ts";

export interface RequestHeaders {
  /** Names in small letters. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn; names with capitals, since variables do not tell how the client wrote them. */
  readonly rawHeaders: string[];
}

interface HeaderName {
  readonly raw: string;
  readonly lower: string;
}

/** Names of variables that were seen, so that a name is looked at once. */
const known = new Map<string, HeaderName>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

/** Names that are written otherwise than with a capital after each hyphen. */
const spellings: Readonly<Record<string, string>> = {
  Dnt: "DNT",
  Te: "TE",
  "Http2-Settings": "HTTP2-Settings",
  "X-Request-Id": "X-Request-ID",
};

export function requestHeaders(environ: Environ): RequestHeaders {
  const headers: IncomingHttpHeaders = {};
  const rawHeaders: string[] = [];
  eachHeader(environ, (variable, value) => {
    if (value === "0" && isGatewaysLength(variable, environ)) return;
    const { raw, lower } = known.get(variable) ?? nameOf(variable);
    rawHeaders.push(raw, value);
    headers[lower] = value;
  });
  if (hasUnknownLength(environ)) {
    rawHeaders.push("Transfer-Encoding", "chunked");
    headers["transfer-encoding"] = "chunked";
  }
  return { headers, rawHeaders };
}

/**
 * A body came without its length: chunked, between the client and the web server. The header is what body parsers look
 * for. Where the web server does not say
 * that it was, a request without a body has no type either.
 */
function hasUnknownLength({
  REQUEST_METHOD: method,
  CONTENT_LENGTH: length,
  CONTENT_TYPE: type,
  "postern.chunked": chunked,
}: Environ): boolean {
  if (length !== undefined) return false;
  return chunked === true || (type !== undefined && method !== "GET" && method !== "HEAD");
}

function nameOf(variable: string): HeaderName {
  const name = headerName(variable);
  if (known.size < MAX_KNOWN && variable.length <= MAX_KNOWN_NAME) known.set(variable, name);
  return name;
}

function headerName(variable: string): HeaderName {
  const lower = variable
    .replace(/^HTTP_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  const raw = lower.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase());
  return { raw: spellings[raw] ?? raw, lower };
}
