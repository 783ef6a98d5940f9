// Paths as they come out of `PATH_INFO`, and as they go into links and `Location`. No address with a host is ever
// built from what the client sent.

import { Buffer } from "node:buffer";
import { percentEncoded } from "../gateway/path.ts";

/** How an address begins that names its scheme (RFC 3986 §3.1). */
export const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/** `PATH_INFO` as text: its bytes are UTF-8, or else what they are (PEP 3333 "bytes in strings"). */
export function pathText(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

/** Percent-encodes all that cannot stand in a path, with `%` among it: `text` is a path already decoded. */
export function encodePath(text: string): string {
  if (/^[\w/.~!$&'()*+,;=:@-]*$/.test(text)) return text;
  return text.replace(/[^\w/.~!$&'()*+,;=:@-]+/g, encodeBytes);
}

/**
 * Where a redirect goes, as web.py works it out: `/…` gets `homepath` in front, anything relative is joined to
 * `path` within the application, and an address with a scheme stays what it is.
 */
export function resolveLocation(target: string, homepath: string, path: string): string {
  // Browsers drop tabs and line breaks from an address and take a backslash for a slash.
  const clean = target.replace(/[^\x21-\x5b\x5d-\x7e]+/g, encodeBytes);
  if (SCHEME.test(clean)) return clean;
  const joined = clean.startsWith("/") ? clean : join(clean, path);
  const location = homepath + joined;
  // "//host" would name another host (RFC 3986 §4.2).
  return location.startsWith("//") ? `/.${location}` : location;
}

function join(target: string, path: string): string {
  const url = new URL(target, `http://localhost${encodePath(path)}`);
  return url.pathname + url.search + url.hash;
}

function encodeBytes(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text)) encoded += percentEncoded(byte);
  return encoded;
}
