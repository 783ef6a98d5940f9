// Refuses requests that another site's page makes a browser send (cross-site request forgery), without tokens.

import type { Environ } from "./types.ts";

/**
 * Whether an unsafe request may run. A browser says where it comes from in `Sec-Fetch-Site` (W3C Fetch Metadata)
 * on https and loopback, and in `Origin` (RFC 6454) otherwise; what sends neither is no browser, and holds no one
 * else's cookies.
 */
export function isFromHere(environ: Environ, trustedOrigins: readonly string[]): boolean {
  const { HTTP_ORIGIN: origin, HTTP_SEC_FETCH_SITE: site, HTTP_HOST: host } = environ;
  if (origin && trustedOrigins.includes(origin)) return true;
  if (site) return site === "same-origin" || site === "none";
  if (!origin) return true;
  return isSameHost(origin, host ?? "");
}

// The scheme is not compared: behind a proxy that ends TLS we may not know ours. A front end that drops the port
// from Host (Debian's nginx sends $host) leaves only the name to compare.
function isSameHost(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/:[\]]+|\[[^\]]+\])(?::(\d+))?$/i.exec(origin);
  const ours = /^([^/:[\]]+|\[[^\]]+\])(?::(\d+))?$/.exec(host);
  if (match === null || ours === null) return false;
  const [, scheme, name, port] = match;
  if (name?.toLowerCase() !== ours[1]?.toLowerCase()) return false;
  const standard = scheme?.toLowerCase() === "https" ? "443" : "80";
  return ours[2] === undefined || ours[2] === (port ?? standard);
}
