import { ApplicationError } from "../errors.ts";

/**
 * A tag as it stands in `ETag` (RFC 9110 §8.8.3): in quotes, where it is not yet.
 *
 * @throws ApplicationError `HEADER`: a character that cannot stand in one
 */
export function entityTag(tag: string): string {
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
