// A browser's cookies: the user agent's half of draft-ietf-httpbis-rfc6265bis.

import { parseSetCookie } from "cookie";
import { isAddress } from "./fetch-metadata.ts";
import { isTrustworthy } from "./referrer.ts";

/** A cookie that is kept. */
export interface StoredCookie {
  readonly name: string;
  /** As it was sent: `web.setCookie()` percent-encodes. */
  readonly value: string;
  readonly domain: string;
  /** No `Domain` was named: other hosts below `domain` do not get it. */
  readonly hostOnly: boolean;
  readonly path: string;
  /** When it is forgotten; `undefined` when the browser is closed. */
  readonly expires: Date | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
}

/** How a request came about, for `SameSite`. */
export interface CookieContext {
  readonly crossSite: boolean;
  /** A page that is opened, with a method that changes nothing. */
  readonly safeNavigation: boolean;
}

/** §5.6: name and value together, in bytes. */
const MAX_COOKIE_BYTES = 4096;
/** §5.5: none is kept longer than 400 days. */
const MAX_AGE_MS = 400 * 24 * 3600 * 1000;

export class CookieJar implements Iterable<StoredCookie> {
  /** In the order in which they were made. */
  #cookies: StoredCookie[] = [];

  /** Those that are alive, in the order in which they were set first. */
  [Symbol.iterator](): Iterator<StoredCookie> {
    this.#forget(({ expires }) => expires !== undefined && expires.getTime() <= Date.now());
    return this.#cookies.values();
  }

  /** The cookies for an address, in the order in which they are sent: longer paths first (§5.8.3). */
  for(url: URL, { crossSite, safeNavigation }: CookieContext): StoredCookie[] {
    return [...this]
      .filter((cookie) => domainFits(cookie, url.hostname) && pathFits(cookie.path, url.pathname))
      .filter((cookie) => !cookie.secure || isTrustworthy(url))
      .filter(({ sameSite }) => !crossSite || sameSite === "none" || (sameSite === "lax" && safeNavigation))
      .sort((one, other) => other.path.length - one.path.length);
  }

  /** Keeps what a response sets; a cookie that browsers refuse is dropped without a word, as they do. */
  store(url: URL, setCookie: string, { crossSite, safeNavigation }: CookieContext): void {
    const cookie = toStored(url, setCookie);
    if (cookie === undefined) return;
    if (crossSite && cookie.sameSite !== "none" && !safeNavigation) return;
    const { name, domain, path, hostOnly } = cookie;
    // §5.7 step 16: what came over https is not replaced from http.
    const shadows = [...this].some(
      (other) =>
        other.secure && other.name === name && overlaps(other.domain, domain) && pathFits(other.path, path),
    );
    if (!cookie.secure && !isTrustworthy(url) && shadows) return;
    const at = this.#cookies.findIndex(
      (other) =>
        other.name === name && other.domain === domain && other.path === path && other.hostOnly === hostOnly,
    );
    if (at === -1) this.#cookies.push(cookie);
    else this.#cookies[at] = cookie;
  }

  /** Forgets all of a name, or all there are. */
  clear(name?: string): void {
    this.#forget((cookie) => name === undefined || cookie.name === name);
  }

  /** Forgets what a browser keeps only until it is closed. */
  endSession(): void {
    this.#forget(({ expires }) => expires === undefined);
  }

  #forget(which: (cookie: StoredCookie) => boolean): void {
    this.#cookies = this.#cookies.filter((cookie) => !which(cookie));
  }
}

function toStored(url: URL, setCookie: string): StoredCookie | undefined {
  const cookie = parseSetCookie(setCookie, { decode: (text) => text });
  const { name, value = "", secure = false, httpOnly = false } = cookie;
  if (Buffer.byteLength(name + value) > MAX_COOKIE_BYTES) return undefined;
  const domain = (cookie.domain ?? "").replace(/^\./, "").toLowerCase();
  // A name without a dot belongs to everybody below it, and so to its own host alone; below an address is nobody.
  const hostOnly =
    domain === "" || (domain === url.hostname && (!domain.includes(".") || isAddress(url.hostname)));
  const path = cookie.path?.startsWith("/") ? cookie.path : defaultPath(url.pathname);
  const sameSite =
    cookie.sameSite === "strict" || cookie.sameSite === "none" ? cookie.sameSite : ("lax" as const);
  const isAbove = domain.includes(".") && `.${url.hostname}`.endsWith(`.${domain}`);
  if (!hostOnly && (!isAbove || isAddress(url.hostname))) return undefined;
  if (secure && !isTrustworthy(url)) return undefined;
  if (sameSite === "none" && !secure) return undefined;
  if (/^__secure-/i.test(name) && !secure) return undefined;
  if (/^__host-/i.test(name) && !(secure && cookie.domain === undefined && cookie.path === "/")) {
    return undefined;
  }
  return {
    name,
    value,
    domain: domain === "" ? url.hostname : domain,
    hostOnly,
    path,
    expires: expiryOf(cookie.maxAge, cookie.expires),
    secure,
    httpOnly,
    sameSite,
  };
}

/** `Max-Age` counts before `Expires` (§5.7 step 8). */
function expiryOf(maxAge: number | undefined, expires: Date | undefined): Date | undefined {
  const latest = Date.now() + MAX_AGE_MS;
  if (maxAge !== undefined) return new Date(maxAge <= 0 ? 0 : Math.min(Date.now() + maxAge * 1000, latest));
  if (expires === undefined || Number.isNaN(expires.getTime())) return undefined;
  return new Date(Math.min(expires.getTime(), latest));
}

/** One is the other, or below it. */
function overlaps(one: string, other: string): boolean {
  return `.${one}`.endsWith(`.${other}`) || `.${other}`.endsWith(`.${one}`);
}

/** §5.1.4: the folder of the page. */
function defaultPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function domainFits({ domain, hostOnly }: Pick<StoredCookie, "domain" | "hostOnly">, host: string): boolean {
  return host === domain || (!hostOnly && host.endsWith(`.${domain}`));
}

/** §5.1.4: whole segments. */
function pathFits(cookie: string, path: string): boolean {
  if (!path.startsWith(cookie)) return false;
  return path.length === cookie.length || cookie.endsWith("/") || path[cookie.length] === "/";
}
