// Status codes and reason phrases as registered with IANA (RFC 9110 §15 and the RFCs it lists).

import { ApplicationError } from "../errors.ts";

/** A line of each code. Of a table V8 would make every entry at each start of a script, which needs one of them. */
const REGISTERED = `
200 OK
201 Created
202 Accepted
203 Non-Authoritative Information
204 No Content
205 Reset Content
206 Partial Content
207 Multi-Status
208 Already Reported
226 IM Used
300 Multiple Choices
301 Moved Permanently
302 Found
303 See Other
304 Not Modified
305 Use Proxy
307 Temporary Redirect
308 Permanent Redirect
400 Bad Request
401 Unauthorized
402 Payment Required
403 Forbidden
404 Not Found
405 Method Not Allowed
406 Not Acceptable
407 Proxy Authentication Required
408 Request Timeout
409 Conflict
410 Gone
411 Length Required
412 Precondition Failed
413 Content Too Large
414 URI Too Long
415 Unsupported Media Type
416 Range Not Satisfiable
417 Expectation Failed
421 Misdirected Request
422 Unprocessable Content
423 Locked
424 Failed Dependency
425 Too Early
426 Upgrade Required
428 Precondition Required
429 Too Many Requests
431 Request Header Fields Too Large
451 Unavailable For Legal Reasons
500 Internal Server Error
501 Not Implemented
502 Bad Gateway
503 Service Unavailable
504 Gateway Timeout
505 HTTP Version Not Supported
506 Variant Also Negotiates
507 Insufficient Storage
508 Loop Detected
510 Not Extended
511 Network Authentication Required
`;

/** The reason phrase of a code; `undefined` where none is registered. */
export function reasonOf(code: number): string | undefined {
  const before = REGISTERED.indexOf(`\n${code} `);
  if (before < 0) return undefined;
  return REGISTERED.slice(before + 5, REGISTERED.indexOf("\n", before + 1));
}

/** Those that were asked for: a script that answers one request needs one. */
const lines = new Map<number, string>();

/**
 * `404` as `"404 Not Found"`. The text comes from the table alone, so nothing that a client sent can get into a
 * status line. A code that is not registered gets the word `Unregistered`.
 *
 * @throws ApplicationError `STATUS`: not an integer from 200 to 599
 */
export function statusLine(code: number): string {
  const known = lines.get(code);
  if (known !== undefined) return known;
  if (!Number.isInteger(code) || code < 200 || code > 599) {
    throw new ApplicationError(
      "STATUS",
      `${code} is no status of a response: use an integer from 200 to 599`,
    );
  }
  const line = `${code} ${reasonOf(code) ?? "Unregistered"}`;
  lines.set(code, line);
  return line;
}

/** RFC 9110 §6.4.1: responses that never have content. */
export function hasNoContent(code: number): boolean {
  return code === 204 || code === 205 || code === 304;
}
