// Attributes of the operator's: which of them become variables of a request.

import { GatewayError } from "../errors.ts";
import { printable } from "../gateway/log.ts";
import { REQUEST_VARIABLES } from "../gateway/variables.ts";

/** Attributes that web servers send by name where the protocol has no number, and what they mean. */
const KNOWN_ATTRIBUTES = [
  ["AJP_REMOTE_PORT", "REMOTE_PORT"],
  ["AJP_LOCAL_ADDR", "SERVER_ADDR"],
  ["AJP_SSL_PROTOCOL", "SSL_PROTOCOL"],
] as const;

/** Variables that say what the request is, who sent it, or how it came: never the operator's to set by an attribute. */
const RESERVED: ReadonlySet<string> = new Set([
  ...REQUEST_VARIABLES,
  "DOCUMENT_URI",
  "GATEWAY_INTERFACE",
  "PATH_INFO",
  "PATH_TRANSLATED",
  "SCRIPT_FILENAME",
  "SCRIPT_NAME",
  "SERVER_SOFTWARE",
  "SSL_CIPHER",
  "SSL_CIPHER_USEKEYSIZE",
  "SSL_CLIENT_CERT",
  "SSL_PROTOCOL",
  "SSL_SESSION_ID",
]);

/**
 * The variables of attributes by their names: of those that are known, and of those that option `ajpAttributes` allows.
 *
 * @throws {GatewayError} `AJP_ATTRIBUTES` when a name is none of a variable, or of one that a request has anyway
 */
export function attributeVariables(names: readonly string[] = []): ReadonlyMap<string, string> {
  for (const name of names) {
    const reason = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? "is no name of a variable"
      : RESERVED.has(name) || name.startsWith("HTTP_")
        ? "would override a variable that the request has by itself"
        : undefined;
    if (reason === undefined) continue;
    throw new GatewayError(
      "AJP_ATTRIBUTES",
      `option "ajpAttributes" names ${printable(String(name))}, which ${reason}; leave it out`,
    );
  }
  return new Map([...names.map((name) => [name, name] as const), ...KNOWN_ATTRIBUTES]);
}
