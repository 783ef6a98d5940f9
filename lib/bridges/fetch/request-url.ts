// The URL of a request, as a Request has it: absolute, and written as the URL standard writes it.

import { decodePath, joinSlashes, percentEncoded, targetPath } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";

// RFC 3986 §3.2.2: an address in brackets, or a name; and a port.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/;
/** What a path holds that stays as it is. Everything else is written as an escape, `\` above all, which is a slash in URLs. */
const NOT_IN_PATH = /[^\w\-.~!$&'()*+,;=:@/%[\]|]/g;
const NOT_IN_QUERY = /[^\w\-.~!$&()*+,;=:@/%?[\]{}|\\^`]/g;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** A target that a URL has as it is: no escape in its path, no segment that begins with a dot. */
const PLAIN_TARGET =
  /^(?:\/(?:[\w\-~!$&'()*+,;=:@[\]|][\w\-.~!$&'()*+,;=:@[\]|]*)?)+(?:\?[\w\-.~!$&()*+,;=:@/%?[\]{}|^`]*)?$/;

/** Origins of what Host headers say, so that one is looked at once and not with each request; "" for what is none. */
const known = { http: new Map<string, string>(), https: new Map<string, string>() };
const MAX_KNOWN = 512;
const MAX_KNOWN_HOST = 128;

/**
 * Scheme, host and port as the client has them, the whole path and the query.
 *
 * @param below leaves SCRIPT_NAME out of the path
 * @returns undefined where the host is none
 */
export function requestUrl(environ: Environ, below: boolean): string | undefined {
  const scheme = environ["wsgi.url_scheme"];
  const host = environ.HTTP_HOST || serverOf(environ);
  const origin = known[scheme].get(host) ?? readOrigin(scheme, host);
  if (origin === "") return undefined;
  const { REQUEST_URI: target } = environ;
  if (target !== undefined && isUntouched(target, environ) && PLAIN_TARGET.test(target)) {
    return origin + withSlash(below ? target.slice(environ.SCRIPT_NAME.length) : target);
  }
  const query = environ.QUERY_STRING.replace(NOT_IN_QUERY, escaped);
  return origin + pathOf(environ, below) + (query === "" ? "" : `?${query}`);
}

/** Whether a target is nothing but mount, path and query: what most are. */
function isUntouched(target: string, { SCRIPT_NAME: mount, PATH_INFO: path, QUERY_STRING: query }: Environ) {
  const length = mount.length + path.length;
  if (!target.startsWith(path, mount.length) || !target.startsWith(mount)) return false;
  if (query === "") return target.length === length;
  return target.length === length + 1 + query.length && target[length] === "?" && target.endsWith(query);
}

function readOrigin(scheme: "http" | "https", host: string): string {
  const text = `${scheme}://${host}`;
  const origin = HOST.test(host) && URL.canParse(text) ? new URL(text).origin : "";
  if (known[scheme].size < MAX_KNOWN && host.length <= MAX_KNOWN_HOST) known[scheme].set(host, origin);
  return origin;
}

function serverOf({ SERVER_NAME: name, SERVER_PORT: port }: Environ): string {
  return `${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
}

/** What the client sent, where the front end has left it alone: it alone tells `%2F` from a slash. */
function pathOf(environ: Environ, below: boolean): string {
  const mount = environ.SCRIPT_NAME;
  const whole = mount + environ.PATH_INFO;
  const sent = environ.REQUEST_URI === undefined ? "" : targetPath(environ.REQUEST_URI);
  // Web servers join slashes; that they do leaves the path as it is. What they rewrite replaces it.
  const isSame = sent === whole || joinSlashes(decodePath(sent)) === joinSlashes(whole);
  let path = isSame ? sent : whole.replaceAll("%", "%25");
  if (below && mount !== "") {
    path = path.startsWith(mount) ? path.slice(mount.length) : environ.PATH_INFO.replaceAll("%", "%25");
  }
  path = withSlash(path.replace(NOT_IN_PATH, escaped));
  return DOT_SEGMENT.test(path) ? new URL(`http://localhost${path}`).pathname : path;
}

/** What stands behind a host without one is a part of the host: a web server may match a mount by its first letters. */
function withSlash(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

/** An environ's code points are bytes. */
function escaped(byte: string): string {
  return percentEncoded(byte.charCodeAt(0));
}
