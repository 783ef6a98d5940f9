// What a request asks of a file before it is sent (RFC 9110 §13 and §14).

import parseRange from "range-parser";
import type { Environ, FileRange } from "../../gateway/types.ts";

export interface FileValidators {
  readonly etag: string;
  /** As a header. */
  readonly lastModified: string;
}

/** §13.2.2, steps 1 and 2: the client wants this file only as it was. */
export function isOutdated(environ: Environ, { etag, lastModified }: FileValidators): boolean {
  const { HTTP_IF_MATCH: match, HTTP_IF_UNMODIFIED_SINCE: since } = environ;
  if (match !== undefined && match !== "")
    return match.trim() !== "*" && !match.split(",").some((tag) => tag.trim() === etag);
  if (since === undefined) return false;
  // A date that is none does not count (§13.1.4).
  return Date.parse(lastModified) > Date.parse(since);
}

/**
 * The part of a file that is asked for; undefined for all of it, `"unsatisfiable"` for none of it. Several parts at once are all
 * of it: few clients ask for them, and fewer save anything.
 */
export function rangeOf(
  environ: Environ,
  size: number,
  validators: FileValidators,
): Required<FileRange> | "unsatisfiable" | undefined {
  const { HTTP_RANGE: range, REQUEST_METHOD: method } = environ;
  // §14.2: the header means something for GET alone.
  if (range === undefined || method !== "GET" || !isCurrent(environ.HTTP_IF_RANGE, validators))
    return undefined;
  if (!/^\s*bytes\s*=/i.test(range)) return undefined;
  const ranges = parseRange(size, wholeSuffixes(range, size), { combine: true });
  if (ranges === -1) return "unsatisfiable";
  if (ranges === -2 || ranges.length !== 1) return undefined;
  const [only] = ranges;
  return only;
}

/** §13.1.5: strong comparison, and a date to the letter. */
function isCurrent(ifRange: string | undefined, { etag, lastModified }: FileValidators): boolean {
  if (ifRange === undefined) return true;
  const wanted = ifRange.trim();
  return wanted === etag || wanted === lastModified;
}

/** §14.1.2: the last 500 bytes of a shorter file are all of it, which range-parser takes for none. */
function wholeSuffixes(range: string, size: number): string {
  return range.replace(/([=,]\s*)-(\d+)/g, (suffix, before: string, length: string) =>
    Number(length) > size ? `${before}0-` : suffix,
  );
}
