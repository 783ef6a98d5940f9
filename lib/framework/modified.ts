import { hasTag, isFresh, isOutdated } from "../gateway/conditions.ts";
import type { Exchange } from "./exchange.ts";
import { notModified, preconditionFailed } from "./responses.ts";
import { entityTag, httpDate } from "./validators.ts";

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
