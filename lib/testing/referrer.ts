// What a page tells of itself to where it sends the browser: Referrer Policy (W3C) and the Fetch standard's Origin.

/** In the order of the specification's §3. */
const POLICIES = [
  "no-referrer",
  "no-referrer-when-downgrade",
  "same-origin",
  "origin",
  "strict-origin",
  "origin-when-cross-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url",
] as const;

export type ReferrerPolicy = (typeof POLICIES)[number];

/** What browsers do where a page says nothing (§3: the empty string). */
export const DEFAULT_POLICY: ReferrerPolicy = "strict-origin-when-cross-origin";

/** The policy of a `Referrer-Policy` header: the last one in it that is known (§8.1). */
export function referrerPolicy(header: string | undefined): ReferrerPolicy | undefined {
  const words = (header ?? "").split(",").map((word) => word.trim().toLowerCase());
  return POLICIES.findLast((policy) => policy === words.findLast((word) => isPolicy(word)));
}

function isPolicy(word: string): boolean {
  return POLICIES.some((policy) => policy === word);
}

/** The value of `Referer` (§8.3), or `undefined` where none is sent. */
export function referrerOf(page: URL, target: URL, policy: ReferrerPolicy): string | undefined {
  const sameOrigin = page.origin === target.origin;
  const downgrade = page.protocol === "https:" && !isTrustworthy(target);
  const whole = withoutFragment(page);
  const origin = `${page.origin}/`;
  switch (policy) {
    case "no-referrer":
      return undefined;
    case "unsafe-url":
      return whole;
    case "origin":
      return origin;
    case "same-origin":
      return sameOrigin ? whole : undefined;
    case "strict-origin":
      return downgrade ? undefined : origin;
    case "no-referrer-when-downgrade":
      return downgrade ? undefined : whole;
    case "origin-when-cross-origin":
      return sameOrigin ? whole : origin;
    default:
      return sameOrigin ? whole : downgrade ? undefined : origin;
  }
}

/** The value of `Origin` in a request that is no GET and no HEAD (Fetch §3.2.1). */
export function originOf(page: URL, target: URL, policy: ReferrerPolicy): string {
  if (policy === "no-referrer") return "null";
  if (policy === "same-origin" && page.origin !== target.origin) return "null";
  const strict = /^strict-|^no-referrer-when-downgrade$/.test(policy);
  if (strict && page.protocol === "https:" && target.protocol !== "https:") return "null";
  return page.origin;
}

/** Whether nobody on the way can have changed what comes from there (Secure Contexts §3.1): https and loopback. */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.hostname);
}

function isLoopback(hostname: string): boolean {
  return /^(?:.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(hostname);
}

function withoutFragment(url: URL): string {
  const copy = new URL(url);
  copy.hash = "";
  copy.username = "";
  copy.password = "";
  return copy.href;
}
