// What a request asks of a response before it is made (RFC 9110 §13).

import type { Environ } from "./types.ts";

/** What a representation is told apart by (RFC 9110 §8.8), as it stands in the response's headers. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** §13.2.2, steps 1 and 2: the client wants this representation only as it was. */
export function isOutdated(environ: Environ, { etag, lastModified }: Validators): boolean {
  const { HTTP_IF_MATCH: match, HTTP_IF_UNMODIFIED_SINCE: since } = environ;
  if (match !== undefined && match !== "") {
    // §8.8.3.2, strong comparison: a weak tag is like none, itself among them.
    return match.trim() !== "*" && !(etag?.startsWith('"') && tagsOf(match).includes(etag));
  }
  return isAfter(lastModified, since);
}

/**
 * Whether the client has what the response would bring (steps 3 and 4). Not when it asks for `Cache-Control: no-cache`,
 * as a browser's forced reload does.
 */
export function isFresh(environ: Environ, { etag, lastModified }: Validators): boolean {
  const { HTTP_IF_NONE_MATCH: match, HTTP_IF_MODIFIED_SINCE: since, HTTP_CACHE_CONTROL: control } = environ;
  if (match === undefined && since === undefined) return false;
  if (control !== undefined && /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(control)) return false;
  // The date does not count where there are tags (§13.1.3).
  if (match !== undefined) return hasTag(match, etag);
  return isDate(lastModified) && isDate(since) && !isAfter(lastModified, since);
}

/** §13.1.2, weak comparison; `*` is any representation there is. */
export function hasTag(ifNoneMatch: string, etag: string | undefined): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  return etag !== undefined && tagsOf(ifNoneMatch).some((tag) => opaque(tag) === opaque(etag));
}

function tagsOf(list: string): string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function opaque(tag: string): string {
  return tag.replace(/^W\//, "");
}

// A date that is none does not count (§13.1.3, §13.1.4).
function isAfter(lastModified: string | undefined, since: string | undefined): boolean {
  return parseDate(lastModified) > parseDate(since);
}

function isDate(text: string | undefined): boolean {
  return !Number.isNaN(parseDate(text));
}

// §5.6.7: of the three forms, asctime's does not say that it is GMT.
function parseDate(text = ""): number {
  return Date.parse(/GMT\s*$/i.test(text) ? text : `${text} GMT`);
}
