// What the headers of proxies say: for each fact a list of values, from the client's to that of the nearest proxy.

import type { Environ } from "../../gateway/types.ts";
import type { ProxyFact } from "../trusted-proxies.ts";

/** Which headers proxies write. */
export type Family = "x-forwarded" | "forwarded";

export type Claims = Readonly<Record<ProxyFact, readonly string[]>>;

const NONE: readonly string[] = [];

/** RFC 7239 §4: a pair of one proxy's element. */
const PAIR = /^([!#$%&'*+\-.^_`|~\w]+)=(?:([!#$%&'*+\-.^_`|~\w]+)|"((?:[^"\\]|\\.)*)")$/;

export function claimsOf(environ: Environ, family: Family): Claims {
  return family === "forwarded" ? forwarded(environ.HTTP_FORWARDED) : xForwarded(environ);
}

function xForwarded(environ: Environ): Claims {
  return {
    for: listOf(environ.HTTP_X_FORWARDED_FOR),
    proto: listOf(environ.HTTP_X_FORWARDED_PROTO),
    host: listOf(environ.HTTP_X_FORWARDED_HOST),
    port: listOf(environ.HTTP_X_FORWARDED_PORT),
    prefix: listOf(environ.HTTP_X_FORWARDED_PREFIX),
  };
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? NONE : value.split(",").map((item) => item.trim());
}

/**
 * An element for each proxy. They are cut at every comma, also at one in quotes: what a client begins and does not end
 * must not swallow what the next proxy adds. No address and no host has a comma.
 */
function forwarded(header: string | undefined): Claims {
  const elements = listOf(header).map(pairsOf);
  const valuesOf = (name: string) => elements.map((pairs) => pairs.get(name) ?? "");
  return {
    for: valuesOf("for"),
    proto: valuesOf("proto"),
    host: valuesOf("host"),
    port: NONE,
    prefix: NONE,
  };
}

/** Of an element that is malformed, nothing: which of its pairs are meant is a guess. */
function pairsOf(element: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of element.split(";")) {
    const [, name, token, quoted] = PAIR.exec(text.trim()) ?? [];
    const lower = name?.toLowerCase();
    // RFC 7239 §4: a parameter is there once at most.
    if (lower === undefined || pairs.has(lower)) return new Map();
    pairs.set(lower, token ?? quoted?.replace(/\\(.)/g, "$1") ?? "");
  }
  return pairs;
}
