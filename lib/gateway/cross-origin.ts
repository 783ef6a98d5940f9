// Refuses requests that another site's page makes a browser send (cross-site request forgery), without tokens.

import { GatewayError } from "../errors.ts";
import { parseHost } from "./host.ts";
import { printable } from "./log.ts";
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

/** How much of what a client has sent is shown in a line, in characters. */
const MOST_SHOWN = 200;

/**
 * Says in the log why a request that is not from here was refused, and what to change where it should not have been: the
 * client is told nothing.
 */
export function logRefusal(environ: Environ): void {
  const { HTTP_ORIGIN: origin, HTTP_SEC_FETCH_SITE: site, HTTP_HOST: host = "" } = environ;
  const path = shown(`${environ.SCRIPT_NAME}${environ.PATH_INFO}`);
  const page =
    origin === "null" ? "that hides its origin" : `of ${origin ? shown(origin) : "another origin"}`;
  const said = site ? ` (Sec-Fetch-Site: ${shown(site)})` : "";
  environ["wsgi.errors"].write(
    `refused ${environ.REQUEST_METHOD} ${path} with 403: a page ${page} sent it${said}, and Host is "${shown(host)}"; ` +
      `${adviceOf(origin, site)}\n`,
  );
}

function adviceOf(origin: string | undefined, site: string | undefined): string {
  if (origin === "null")
    return 'browsers hide the origin of files, of sandboxed frames, and behind "Referrer-Policy: no-referrer"';
  const trust = 'option "trustedOrigins" names those that may';
  if (site) return trust;
  return (
    "where both are this site, its web server has to hand on the Host that the browser sent " +
    `("ProxyPreserveHost On" in Apache, "proxy_set_header Host $http_host" in nginx); else ${trust}`
  );
}

function shown(text: string): string {
  return printable(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
}

/**
 * Checks an operator's list of origins, an entry of which would otherwise silently fit nothing.
 *
 * @throws {GatewayError} `OPTION` when it is no list, or an entry is no origin such as `https://app.example.org`
 */
export function checkOrigins(option: string, origins: readonly string[]): void {
  const wrong: unknown = Array.isArray(origins) ? origins.find((one) => !isOrigin(one)) : origins;
  if (wrong === undefined) return;
  const what = Array.isArray(origins) ? "is no origin" : "is no list of origins";
  throw new GatewayError(
    "OPTION",
    `option "${option}": ${JSON.stringify(wrong)} ${what} such as "https://app.example.org"`,
  );
}

/** As a browser writes it: without a path, not even a slash. */
export function isOrigin(text: unknown): boolean {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { origin, protocol, host } = new URL(text);
  // Of other schemes, those of browsers' extensions among them, URL knows no origin.
  return origin === "null" ? text === `${protocol}//${host}` : text === origin;
}

// The scheme is not compared: behind a proxy that ends TLS we may not know ours. A front end that drops the port
// from Host (Debian's nginx sends $host) leaves only the name to compare.
export function isSameHost(origin: string, host: string): boolean {
  const [, scheme = "", authority = ""] = /^(https?):\/\/(.+)$/i.exec(origin) ?? [];
  const theirs = parseHost(authority);
  const ours = parseHost(host);
  if (theirs === undefined || ours === undefined || theirs.name !== ours.name) return false;
  const standard = scheme.toLowerCase() === "https" ? "443" : "80";
  return ours.port === undefined || ours.port === (theirs.port ?? standard);
}
