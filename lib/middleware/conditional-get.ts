// What the client has already is not sent again.

import { isFresh } from "../gateway/conditions.ts";
import { checkApplication } from "../gateway/stack.ts";
import type { Body, Middleware } from "../gateway/types.ts";
import { filterResponse, type ResponseHead } from "./response-filter.ts";

/** What describes content that is not sent; Content-Location and Content-Security-Policy stay (RFC 9110 §15.4.5). */
const CONTENT = [
  "Content-Type",
  "Content-Length",
  "Content-Encoding",
  "Content-Language",
  "Content-Range",
  "Content-Disposition",
  "Content-MD5",
  "Accept-Ranges",
] as const;

/**
 * Answers 304 Not Modified in the place of a 200 whose `ETag` or `Last-Modified` the client has, by its `If-None-Match` or
 * `If-Modified-Since`. The application does all its work, but for a body that is made while it is sent: that is left after
 * its first chunk. Only for GET and HEAD; other requests, and those without a condition, cost nothing.
 *
 * Where the application sets no `ETag`, put `etag()` inside of it.
 */
export const conditionalGet: Middleware = (application) => {
  checkApplication(application);
  return (environ, startResponse) => {
    const { REQUEST_METHOD: method, HTTP_IF_NONE_MATCH: match, HTTP_IF_MODIFIED_SINCE: since } = environ;
    if ((method !== "GET" && method !== "HEAD") || (match === undefined && since === undefined))
      return application(environ, startResponse);
    return filterResponse(application, environ, startResponse, notModified);
  };
};

function notModified(head: ResponseHead, body: Body): Body {
  const { environ, headers } = head;
  const etag = headers.get("ETag");
  if (head.code !== 200 || !isFresh(environ, { etag, lastModified: headers.get("Last-Modified") }))
    return body;
  head.status = "304 Not Modified";
  for (const name of CONTENT) headers.remove(name);
  // A cache that has the tag needs no other validator.
  if (etag !== undefined) headers.remove("Last-Modified");
  return [];
}
