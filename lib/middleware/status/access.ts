import { createHash, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../../errors.ts";
import { Networks } from "../../gateway/networks.ts";
import type { Environ } from "../../gateway/types.ts";
import type { StatusOptions } from "../status.ts";

/** Whether a request may see the status; `"challenge"` where it could with a token. */
export type Access = (environ: Environ) => Promise<"granted" | "denied" | "challenge">;

/** Headers of proxies. Where one is there, `REMOTE_ADDR` may be the address of a proxy. */
const FORWARDED = ["HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA"] as const;

/** RFC 6750 §2.1, and as long as what nobody guesses. */
const TOKEN = /^[\w.~+/-]{16,}=*$/;

/** @throws {GatewayError} `OPTION` when nobody is asked for anything, or an option makes no sense */
export function accessOf({ allow, token, permit }: StatusOptions): Access {
  if (allow === undefined && token === undefined && permit === undefined)
    throw new GatewayError("OPTION", 'say who may see the status: "allow", "token" or "permit"');
  if (token !== undefined && !TOKEN.test(token))
    throw new GatewayError(
      "OPTION",
      'the status\'s "token" must have at least 16 characters, letters, digits and -._~+/ alone',
    );
  const clients = allow && new Networks(allow, "OPTION");
  const secret = token === undefined ? undefined : digest(token);
  return async (environ) => {
    if (clients !== undefined && !comesFrom(clients, environ)) return "denied";
    if (secret !== undefined && !timingSafeEqual(digest(tokenOf(environ)), secret)) return "challenge";
    return permit === undefined || (await permit(environ)) === true ? "granted" : "denied";
  };
}

function comesFrom(clients: Networks, environ: Environ): boolean {
  return FORWARDED.every((name) => environ[name] === undefined) && clients.has(environ.REMOTE_ADDR ?? "");
}

/** What a request presents: a Bearer token (RFC 6750) or a password (RFC 7617). */
function tokenOf({ HTTP_AUTHORIZATION: authorization = "" }: Environ): string {
  const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return value;
    case "basic":
      return /^[^:]*:(.*)$/.exec(Buffer.from(value, "base64").toString("latin1"))?.[1] ?? "";
    default:
      return "";
  }
}

/** Of one length, whatever the length of the text. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
