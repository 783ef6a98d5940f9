import fresh from "fresh";
import type { Environ } from "../../gateway/types.ts";

/** What a representation is told apart by (RFC 9110 §8.8). */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/**
 * Whether the client has what the response would bring (RFC 9110 §13.2.2, steps 3 and 4). Not when it asks for
 * `Cache-Control: no-cache`, as a browser's forced reload does.
 */
export function isFresh(environ: Environ, { etag, lastModified }: Validators): boolean {
  return fresh(
    {
      "if-none-match": environ.HTTP_IF_NONE_MATCH,
      "if-modified-since": environ.HTTP_IF_MODIFIED_SINCE,
      "cache-control": environ.HTTP_CACHE_CONTROL,
    },
    { etag, "last-modified": lastModified },
  );
}
