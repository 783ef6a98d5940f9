// What a page says of its version: Last-Modified and ETag.

import { ApplicationError } from "../errors.ts";
import { hasTag, isFresh, isOutdated } from "../gateway/conditions.ts";
import type { Exchange } from "./exchange.ts";
import { notModified, preconditionFailed } from "./responses.ts";

/** `web.modified()`: tells the client when the page was changed, and throws where that is all that it has to know. */
export function checkModified({ environ, headers }: Exchange, date?: Date, tag?: string): void {
  const lastModified = date === undefined ? undefined : httpDate(date);
  const etag = tag === undefined ? undefined : entityTag(tag);
  if (lastModified !== undefined) headers.add("Last-Modified", lastModified);
  if (etag !== undefined) headers.add("ETag", etag);
  const { REQUEST_METHOD: method, HTTP_IF_NONE_MATCH: match } = environ;
  const isReading = method === "GET" || method === "HEAD";
  if (isOutdated(environ, { lastModified, etag })) throw preconditionFailed();
  if (isReading && isFresh(environ, { lastModified, etag })) throw notModified();
  if (!isReading && match !== undefined && hasTag(match, etag)) throw preconditionFailed();
}

/**
 * A tag as it stands in `ETag` (RFC 9110 §8.8.3): in quotes, where it is not yet.
 *
 * @throws ApplicationError `HEADER`: a character that cannot stand in one
 */
function entityTag(tag: string): string {
  const quoted = /^(?:W\/)?"[^"]*"$/.test(tag) ? tag : `"${tag}"`;
  if (/^(?:W\/)?"[!\x23-\x7e\x80-\xff]*"$/.test(quoted)) return quoted;
  throw new ApplicationError(
    "HEADER",
    `${JSON.stringify(tag)} is no entity tag: use letters, digits, "-" and "."`,
  );
}

/**
 * A date as it stands in a header (RFC 9110 §5.6.7).
 *
 * @throws ApplicationError `DATE`: no date
 */
export function httpDate(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new ApplicationError("DATE", "a date for a header is no date");
  return date.toUTCString();
}
