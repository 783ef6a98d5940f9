// Where a request comes from, as a browser says it to the server (W3C Fetch Metadata).

import { isTrustworthy } from "./referrer.ts";

export type Site = "none" | "same-origin" | "same-site" | "cross-site";

/**
 * The value of `Sec-Fetch-Site`: the worst of all steps of a redirect (§2.3).
 *
 * @param page where a link was followed or a form was sent; `undefined` where the user has typed the address
 * @param steps the addresses asked, the last one among them
 */
export function siteOf(page: URL | undefined, steps: readonly URL[]): Site {
  if (page === undefined) return "none";
  let site: Site = "same-origin";
  for (const step of steps) {
    if (step.origin === page.origin) continue;
    if (!isSameSite(page, step)) return "cross-site";
    site = "same-site";
  }
  return site;
}

/**
 * Whether two addresses belong to one owner. The list of public suffixes is not at hand: two names that share their
 * last two labels count as one site.
 */
export function isSameSite(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && ownerOf(one.hostname) === ownerOf(other.hostname);
}

function ownerOf(hostname: string): string {
  // An address has no owner but itself.
  if (isAddress(hostname)) return hostname;
  return hostname.split(".").slice(-2).join(".");
}

/** An IP address, as the host of a URL. */
export function isAddress(hostname: string): boolean {
  return /^[\d.]+$|^\[/.test(hostname);
}

/** How a browser marks a request; without TLS it says so only to loopback. */
export function fetchMetadata(
  target: URL,
  site: Site,
  mode: "navigate" | "cors",
): readonly (readonly [name: string, value: string])[] {
  if (!isTrustworthy(target)) return [];
  const page = mode === "navigate";
  return [
    ["Sec-Fetch-Site", site],
    ["Sec-Fetch-Mode", mode],
    ["Sec-Fetch-Dest", page ? "document" : "empty"],
    ...(page ? ([["Sec-Fetch-User", "?1"]] as const) : []),
  ];
}
