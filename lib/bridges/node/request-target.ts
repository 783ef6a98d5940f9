// The request target as node:http would show it, made of CGI variables.

import { decodePath, encodePathBytes, joinSlashes, targetPath } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";

export interface RequestTarget {
  /** `req.url`: what is below the mount point, percent-encoded, with its query. */
  readonly url: string;
  /** `req.baseUrl` of Express, the mount point as it stands in the target; undefined at the root, as in node:http. */
  readonly baseUrl: string | undefined;
  /** `req.originalUrl` of Express and connect, the whole target; undefined at the root. */
  readonly originalUrl: string | undefined;
}

/**
 * REQUEST_URI is what the client sent: it has its encoded slashes and its repeated ones still. It counts where it says the
 * same as SCRIPT_NAME, PATH_INFO and QUERY_STRING, which are what the web server made of it.
 */
export function requestTarget(environ: Environ): RequestTarget {
  const { REQUEST_URI: target, SCRIPT_NAME: mount, PATH_INFO: path, QUERY_STRING: query } = environ;
  if (mount === "") {
    if (target === undefined || !(isPlain(target, path, query) || agrees(environ, target)))
      return atRoot(written(path, query));
    return atRoot(target);
  }
  if (target !== undefined && agrees(environ, target)) {
    const split = splitAt(target, mount);
    if (split !== undefined) return split;
  }
  const baseUrl = encodePathBytes(mount);
  return { baseUrl, url: withSlash(written(path, query)), originalUrl: baseUrl + written(path, query) };
}

function atRoot(url: string): RequestTarget {
  return { url, baseUrl: undefined, originalUrl: undefined };
}

/** The ordinary case: nothing is encoded, and the target is path and query as they are. */
function isPlain(target: string, path: string, query: string): boolean {
  if (target === path) return !target.includes("%") && !target.includes("?");
  const end = path.length;
  return (
    target.length === end + 1 + query.length &&
    target.charCodeAt(end) === 0x3f &&
    target.startsWith(path) &&
    target.endsWith(query) &&
    !path.includes("%")
  );
}

/** Web servers join slashes; that they do leaves the target as it is. What they rewrite replaces it. */
function agrees(
  { REQUEST_METHOD: method, SCRIPT_NAME: mount, PATH_INFO: rest, QUERY_STRING: query }: Environ,
  target: string,
): boolean {
  if (target === "*") return method === "OPTIONS";
  const start = target.indexOf("?");
  if ((start < 0 ? "" : target.slice(start + 1)) !== query) return false;
  const decoded = decodePath(targetPath(target));
  const path = mount + rest;
  return decoded === path || joinSlashes(decoded) === joinSlashes(path);
}

/** Undefined when no segment of the target's path ends where the mount point does. */
function splitAt(target: string, mount: string): RequestTarget | undefined {
  const authority = target.startsWith("/")
    ? ""
    : target.slice(0, target.indexOf("/", target.indexOf("//") + 2));
  const end = target.indexOf("?");
  const path = target.slice(authority.length, end < 0 ? target.length : end);
  for (let slash = path.indexOf("/", 1); ; slash = path.indexOf("/", slash + 1)) {
    const baseUrl = slash < 0 ? path : path.slice(0, slash);
    if (joinSlashes(decodePath(baseUrl)) === joinSlashes(mount)) {
      const url = authority + withSlash(target.slice(authority.length + baseUrl.length));
      return { baseUrl, url, originalUrl: target };
    }
    if (slash < 0) return undefined;
  }
}

function written(path: string, query: string): string {
  return encodePathBytes(path) + (query === "" ? "" : `?${query}`);
}

/** As Express does for a request to the mount point itself. */
function withSlash(url: string): string {
  return url.startsWith("/") ? url : `/${url}`;
}
