// Cookies through the package `cookie`, which is loaded by the first request that reads or sets one.

import { Buffer } from "node:buffer";
import { parseCookie, type SetCookie, stringifySetCookie } from "cookie";
import { ApplicationError, refuseUnknownOptions } from "../errors.ts";

/** What an application's cookies have in common. */
export interface CookieDefaults {
  /** @defaultValue the application's own path with a `/` at the end */
  path?: string;
  /** @defaultValue none: the host alone */
  domain?: string;
  /** @defaultValue `true` on https */
  secure?: boolean;
  /** @defaultValue `true`: scripts cannot read it */
  httpOnly?: boolean;
  /** @defaultValue `"lax"` */
  sameSite?: "strict" | "lax" | "none";
}

export interface CookieOptions extends CookieDefaults {
  /** How long it is kept, in seconds; 0 or less deletes it. @defaultValue until the browser is closed */
  maxAge?: number;
  expires?: Date;
  partitioned?: boolean;
  priority?: "low" | "medium" | "high";
  /** Adds a signature, so that `web.signedCookie()` can tell whether the client changed it. @defaultValue `false` */
  signed?: boolean;
}

/** A cookie that goes out with the head. */
export interface PendingCookie {
  readonly name: string;
  readonly value: string;
  readonly options: CookieOptions;
  /** The keys, where it is to be signed. */
  readonly secrets: readonly string[] | undefined;
}

/** RFC 6265 §6.1: what a browser has to keep of one cookie, in bytes. */
const MAX_COOKIE_BYTES = 4096;

/** Names and values of a `Cookie` header; of two with the same name the first counts. */
export function readCookies(header: string): Map<string, [string]> {
  const cookies = new Map<string, [string]>();
  for (const [name, value] of Object.entries(parseCookie(header, { decode }))) {
    if (value !== undefined) cookies.set(name, [value]);
  }
  return cookies;
}

/** Quotes around a value, which other languages' libraries write, are none of it. What cannot be decoded stays as it is. */
function decode(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  const text = isQuoted ? value.slice(1, -1) : value;
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The value of a `Set-Cookie` header.
 *
 * @throws ApplicationError `COOKIE`: a name, value or attribute that no cookie can have, or over 4,096 bytes
 */
export async function writeCookie({ name, value, options, secrets }: PendingCookie): Promise<string> {
  let line: string;
  try {
    const known: Readonly<Record<keyof CookieOptions, true>> = {
      path: true,
      domain: true,
      secure: true,
      httpOnly: true,
      sameSite: true,
      maxAge: true,
      expires: true,
      partitioned: true,
      priority: true,
      signed: true,
    };
    refuseUnknownOptions("a cookie", options, known);
    const { signed: _signed, ...attributes } = options;
    checkPrefix(name, attributes);
    const text = secrets === undefined ? value : await signed(name, value, secrets);
    line = stringifySetCookie({ ...attributes, name, value: text } as SetCookie);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApplicationError("COOKIE", `the cookie ${JSON.stringify(name)} cannot be set: ${reason}`, {
      cause: error,
    });
  }
  const size = Buffer.byteLength(line);
  if (size <= MAX_COOKIE_BYTES) return line;
  throw new ApplicationError(
    "COOKIE",
    `the cookie ${JSON.stringify(name)} takes ${size} bytes: browsers drop one of more than ${MAX_COOKIE_BYTES}`,
  );
}

async function signed(name: string, value: string, secrets: readonly string[]): Promise<string> {
  const secret = secrets[0];
  if (!secret) throw new TypeError("it is to be signed, and the application has no `secrets`");
  const { sign } = await import("./signed-value.ts");
  return sign(name, value, secret);
}

// draft-ietf-httpbis-rfc6265bis §4.1.3: a browser refuses these without a word.
function checkPrefix(name: string, { secure, path, domain, sameSite }: CookieOptions): void {
  if (/^__(Secure|Host)-/i.test(name) && !secure) throw new TypeError("its name asks for `secure`");
  if (/^__Host-/i.test(name) && (path !== "/" || domain !== undefined)) {
    throw new TypeError("its name asks for the path `/` and no domain");
  }
  if (sameSite === "none" && !secure) throw new TypeError("`sameSite: none` asks for `secure`");
}
