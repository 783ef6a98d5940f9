// What is believed of proxies' claims, put into an environ.

import { decodePath, hasDotSegments } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";
import type { ProxyFact } from "../trusted-proxies.ts";
import type { Claims } from "./claims.ts";
import { isPort, parseNode } from "./node.ts";

/** What `postern.proxy` keeps. */
const KEPT = [
  "REMOTE_ADDR",
  "REMOTE_PORT",
  "REMOTE_HOST",
  "wsgi.url_scheme",
  "HTTPS",
  "REQUEST_SCHEME",
  "HTTP_HOST",
  "SERVER_NAME",
  "SERVER_PORT",
  "SCRIPT_NAME",
  "REQUEST_URI",
] as const;

/** A host with an optional port, as `Host` has it; a name of letters, digits, `-`, `_` and dots. */
const HOST = /^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** A path that begins with one slash and does not end with one. No backslash, which browsers take for a slash. */
const PREFIX = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)+$/;

/**
 * @param count how many of the claims at the end of each list trusted proxies have written
 */
export function believe(
  environ: Environ,
  claims: Claims,
  facts: ReadonlySet<ProxyFact>,
  count: number,
): void {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = environ[name];
    if (typeof value === "string") kept[name] = value;
  }
  environ["postern.proxy"] = kept;
  const claimed = (fact: ProxyFact): string => {
    const values = claims[fact];
    return facts.has(fact) ? (values[Math.max(0, values.length - count)] ?? "") : "";
  };
  if (facts.has("for")) believeClient(environ, claims.for, count);
  const scheme = claimed("proto").toLowerCase();
  const isOtherScheme =
    (scheme === "http" || scheme === "https") && scheme !== environ["wsgi.url_scheme"]
      ? believeScheme(environ, scheme)
      : false;
  const hasHost = believeHost(environ, claimed("host"));
  const port = claimed("port");
  if (isPort(port)) environ.SERVER_PORT = port;
  else if (isOtherScheme && !hasHost) environ.SERVER_PORT = portOf(environ);
  believePrefix(environ, claimed("prefix"));
}

/** The first in the trusted part of the chain; one that is malformed leaves what the next proxy saw. */
function believeClient(environ: Environ, chain: readonly string[], count: number): void {
  const client = chain
    .slice(-count)
    .map(parseNode)
    .find((node) => node !== undefined);
  if (client === undefined) return;
  environ.REMOTE_ADDR = client.address;
  // The name and the port were the proxy's.
  delete environ["REMOTE_HOST"];
  if (client.port === undefined) delete environ.REMOTE_PORT;
  else environ.REMOTE_PORT = client.port;
}

function believeScheme(environ: Environ, scheme: "http" | "https"): true {
  environ["wsgi.url_scheme"] = scheme;
  if (scheme === "https") environ.HTTPS = "on";
  else delete environ.HTTPS;
  if (environ["REQUEST_SCHEME"] !== undefined) environ["REQUEST_SCHEME"] = scheme;
  return true;
}

function believeHost(environ: Environ, host: string): boolean {
  const [, name, port] = HOST.exec(host) ?? [];
  if (name === undefined || (port !== undefined && !isPort(port))) return false;
  environ.HTTP_HOST = host;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = portOf(environ);
  return true;
}

/** As the client's address bar has it. */
function portOf({ HTTP_HOST: host = "", "wsgi.url_scheme": scheme }: Environ): string {
  return HOST.exec(host)?.[2] ?? (scheme === "https" ? "443" : "80");
}

/** In front of where the application is mounted, and of the target, so that the two go on to agree. */
function believePrefix(environ: Environ, value: string): void {
  const prefix = value.endsWith("/") ? value.slice(0, -1) : value;
  const decoded = decodePath(prefix);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!PREFIX.test(prefix) || /[\x00-\x1f\x7f\\]|\/\//.test(decoded) || hasDotSegments(decoded)) return;
  environ.SCRIPT_NAME = decoded + environ.SCRIPT_NAME;
  if (environ.REQUEST_URI?.startsWith("/")) environ.REQUEST_URI = prefix + environ.REQUEST_URI;
}
