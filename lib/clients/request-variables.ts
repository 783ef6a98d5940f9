// Which variables of a request go to the other server.

import { ApplicationError } from "../errors.ts";
import { plainEnviron } from "../gateway/plain-environ.ts";
import type { Environ } from "../gateway/types.ts";
import type { ClientOptions, ExtraVariables } from "./options.ts";

/**
 * RFC 3875 §4.1 and what web servers send besides. Variables of another kind are not the request's but the web server's
 * own, or were set by somebody on the way.
 */
const SENT =
  /^(?:(?:HTTP|SERVER|REQUEST|REMOTE)_.+|CONTENT_(?:TYPE|LENGTH)|SCRIPT_NAME|PATH_INFO|QUERY_STRING|AUTH_TYPE)$/;

/**
 * Never sent. `HTTP_PROXY` would be taken for the administrator's proxy (httpoxy). The body goes without the coding of its
 * transfer, and its length and type have names of their own.
 */
const NEVER: ReadonlySet<string> = new Set([
  "HTTP_PROXY",
  "HTTP_TRANSFER_ENCODING",
  "HTTP_CONTENT_LENGTH",
  "HTTP_CONTENT_TYPE",
]);

export function requestVariables(
  environ: Environ,
  filter: ClientOptions["filter"] = (name) => SENT.test(name),
): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(plainEnviron(environ))) {
    // Names with a dot are the gateway's own.
    if (typeof value !== "string" || name === "" || name.includes(".") || NEVER.has(name)) continue;
    if (filter(name, value)) variables.set(name, value);
  }
  variables.set("GATEWAY_INTERFACE", "CGI/1.1");
  if (environ["wsgi.url_scheme"] === "https") variables.set("HTTPS", "on");
  return variables;
}

/**
 * Adds the user's own, which count more than any other.
 *
 * @throws {ApplicationError} `VARIABLE` for one that is no string of bytes: the user's fault, and not the request's
 */
export function addExtraVariables(
  variables: Map<string, string>,
  extra: ExtraVariables | undefined,
  environ: Environ,
): void {
  if (extra === undefined) return;
  const own = typeof extra === "function" ? extra(environ) : extra;
  for (const [name, value] of Object.entries<unknown>(own)) {
    if (NEVER.has(name)) continue;
    if (typeof value !== "string" || /[\u0100-\uffff]/.test(name + value)) {
      throw new ApplicationError(
        "VARIABLE",
        `option "environ" has no string of bytes for ${JSON.stringify(name)}; give text in code points up to U+00FF`,
      );
    }
    variables.set(name, value);
  }
}
