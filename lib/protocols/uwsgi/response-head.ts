// The head of a uwsgi response, which is not CGI's. Does no I/O.

import { encodeHead } from "../cgi/response-head.ts";

/**
 * A status line as in HTTP, as uWSGI sends it: Apache takes nothing else, nginx and lighttpd take both. Expects what has
 * been checked, as `encodeResponseHead` does.
 */
export function encodeUwsgiResponseHead(
  status: string,
  headers: readonly (readonly [name: string, value: string])[],
): string {
  return encodeHead(`HTTP/1.1 ${status}`, headers);
}
