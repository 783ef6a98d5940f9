// The part of a file that a request asks for (RFC 9110 §14).

import parseRange from "range-parser";
import type { Validators } from "./conditions.ts";
import type { Environ, FileRange } from "./types.ts";

/**
 * The part of a file that is asked for; undefined for all of it, `"unsatisfiable"` for none of it. Several parts at once are all
 * of it: few clients ask for them, and fewer save anything.
 */
export function rangeOf(
  environ: Environ,
  size: number,
  validators: Validators,
): Required<FileRange> | "unsatisfiable" | undefined {
  const { HTTP_RANGE: range, REQUEST_METHOD: method } = environ;
  // §14.2: the header means something for GET alone.
  if (range === undefined || method !== "GET" || !isCurrent(environ.HTTP_IF_RANGE, validators))
    return undefined;
  if (!/^\s*bytes\s*=/i.test(range) || hasReversed(range)) return undefined;
  const ranges = parseRange(size, wholeSuffixes(range, size), { combine: true });
  // §14.1.2: the last bytes of nothing are all of it, which no Content-Range can say.
  if (ranges === -1) return size === 0 && SUFFIX.test(range) ? undefined : "unsatisfiable";
  if (ranges === -2 || ranges.length !== 1) return undefined;
  const [only] = ranges;
  return only;
}

/** Some last bytes, and not none of them. */
const SUFFIX = /[=,]\s*-\d*[1-9]/;

/** §14.1.1: a range that ends before it begins is invalid, and the header with it is passed over. */
function hasReversed(range: string): boolean {
  // Numbers are looked at from their first digit alone: a long one would be, from each of its digits, to its end.
  return [...range.matchAll(/(?<!\d)(\d+)\s*-\s*(\d+)/g)].some(
    ([, first, last]) => Number(last) < Number(first),
  );
}

/** §13.1.5: strong comparison, and a date to the letter. */
function isCurrent(ifRange: string | undefined, { etag, lastModified }: Validators): boolean {
  if (ifRange === undefined) return true;
  const wanted = ifRange.trim();
  return (wanted === etag && !wanted.startsWith("W/")) || wanted === lastModified;
}

/** §14.1.2: the last 500 bytes of a shorter file are all of it, which range-parser takes for none. */
function wholeSuffixes(range: string, size: number): string {
  return range.replace(/([=,]\s*)-(\d+)/g, (suffix, before: string, length: string) =>
    Number(length) > size ? `${before}0-` : suffix,
  );
}
