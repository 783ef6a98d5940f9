import { isSameHost } from "../gateway/cross-origin.ts";
import { below } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";

/**
 * Path and query of the page that a request came from, from where the application is mounted; `undefined` where it came from
 * another host or application, or does not say.
 */
export function refererPath(environ: Environ, homepath: string): string | undefined {
  const { HTTP_REFERER: referer = "", HTTP_HOST: host = "" } = environ;
  if (!URL.canParse(referer)) return undefined;
  const { origin, pathname, search } = new URL(referer);
  if (!isSameHost(origin, host)) return undefined;
  const path = below(homepath, pathname);
  return path === undefined ? undefined : (path || "/") + search;
}
