import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import { RemoteAddresses } from "../gateway/remote-addresses.ts";
import type { Middleware } from "../gateway/types.ts";

export interface IpRestrictionOptions {
  /**
   * Addresses and networks of clients that may pass, compared with `REMOTE_ADDR`: `["192.0.2.7", "2001:db8::/32"]`.
   * `"unix:"` is whoever comes over a unix socket.
   *
   * @defaultValue everybody whom `deny` does not name
   */
  allow?: readonly string[] | undefined;

  /**
   * Clients that may not pass, though `allow` names them.
   *
   * @defaultValue nobody
   */
  deny?: readonly string[] | undefined;
}

/**
 * Answers 403 to clients by their address. One whose address nobody knows counts as one on a unix socket.
 *
 * Behind a proxy over HTTP `REMOTE_ADDR` is the proxy's address, and everybody passes or nobody: put `trustedProxies`
 * around it. With FastCGI, SCGI and AJP it is the web server's client.
 *
 * @example
 * const inside = ipRestriction({ allow: ["10.0.0.0/8"] })(application);
 *
 * @throws {GatewayError} `OPTION` when neither list is given, or an entry is no address and no network
 */
export function ipRestriction(options: IpRestrictionOptions): Middleware {
  checkOptions("ipRestriction()", options, { allow: true, deny: true });
  const { allow, deny } = options;
  if (allow === undefined && deny === undefined)
    throw new GatewayError("OPTION", 'a restriction by address needs "allow" or "deny"');
  const allowed = allow && new RemoteAddresses(allow, "OPTION");
  const denied = new RemoteAddresses(deny ?? [], "OPTION");
  return (application) => (environ, startResponse) => {
    const passes = !denied.hasPeer(environ) && (allowed === undefined || allowed.hasPeer(environ));
    return passes ? application(environ, startResponse) : answerPlainly(startResponse, "403 Forbidden");
  };
}
