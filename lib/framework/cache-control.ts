import { ApplicationError } from "../errors.ts";

/** What a response says of how it may be kept (RFC 9111 §5.2.2, RFC 5861, RFC 8246). What is left out is not said. */
export interface CacheOptions {
  /** Caches that several people share may keep it (`public`), or only the browser's own (`private`). */
  readonly scope?: "public" | "private" | undefined;
  /** For how long it need not be asked for again. */
  readonly maxAgeSeconds?: number | undefined;
  /** The same for shared caches alone. */
  readonly sharedMaxAgeSeconds?: number | undefined;
  /** Nobody keeps it. */
  readonly noStore?: boolean | undefined;
  /** It may be kept, and is asked for again each time; cheap with `ETag` or `Last-Modified`. */
  readonly noCache?: boolean | undefined;
  /** Once its time is over it is not used without asking, whatever happens. */
  readonly mustRevalidate?: boolean | undefined;
  /** Not even a reload asks again within its time. */
  readonly immutable?: boolean | undefined;
  /** Nobody in between changes its form. */
  readonly noTransform?: boolean | undefined;
  /** For how long it may be used past its time while a new one is fetched. */
  readonly staleWhileRevalidateSeconds?: number | undefined;
  /** For how long it may be used past its time when no new one can be had. */
  readonly staleIfErrorSeconds?: number | undefined;
}

/**
 * The value of `Cache-Control`.
 *
 * @throws ApplicationError `CACHE`: a time is not a whole number of seconds from 0
 */
export function cacheControl(options: CacheOptions): string {
  const words = {
    scope: "",
    maxAgeSeconds: "max-age",
    sharedMaxAgeSeconds: "s-maxage",
    noStore: "no-store",
    noCache: "no-cache",
    mustRevalidate: "must-revalidate",
    immutable: "immutable",
    noTransform: "no-transform",
    staleWhileRevalidateSeconds: "stale-while-revalidate",
    staleIfErrorSeconds: "stale-if-error",
  };
  const directives: string[] = [];
  for (const [name, word] of Object.entries(words)) {
    const value = options[name as keyof CacheOptions];
    if (value === undefined || value === false) continue;
    if (typeof value === "string") directives.push(value);
    else if (value === true) directives.push(word);
    else directives.push(`${word}=${wholeSeconds(name, value)}`);
  }
  return directives.join(", ");
}

function wholeSeconds(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new ApplicationError("CACHE", `"${name}" is ${value}; give whole seconds`);
}
