// What the workers are doing, for operators and their monitoring: JSON, Prometheus's text, and a page.

import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Environ, Middleware } from "../gateway/types.ts";
import { accessOf } from "./status/access.ts";

/**
 * Where the status is, and who may see it. One of `allow`, `token` and `permit` has to be given, so that nobody shows it
 * to everybody by leaving something out; of several, each has to agree.
 */
export interface StatusOptions {
  /** Compared with all of `PATH_INFO`, such as `"/server-status"`. */
  path: string;

  /**
   * Addresses and networks of clients, compared with `REMOTE_ADDR`: `["127.0.0.0/8", "::1"]` is this machine.
   *
   * Worthless behind a proxy: over HTTP (`proxy_pass`, `ProxyPass http:`) `REMOTE_ADDR` is the proxy's address, and a
   * proxy on this machine makes everybody local. A request with a header that proxies add (`Forwarded`,
   * `X-Forwarded-For`, `X-Real-IP`, `Via`) is refused for that, but nginx adds none unless it is told to: use `token`
   * there. With FastCGI, SCGI and AJP `REMOTE_ADDR` is the web server's client.
   *
   * @defaultValue no address is asked for
   */
  allow?: readonly string[] | undefined;

  /**
   * A secret that the client sends: as `Authorization: Bearer`, as monitoring does, or as the password of HTTP's Basic
   * authentication with any name, as browsers do. At least 16 letters, digits and `-._~+/`, such as
   * `openssl rand -hex 16` makes. Readable on its way unless the connection is encrypted. Apache hands the header on
   * to CGI and FastCGI only with `CGIPassAuth On`.
   *
   * @defaultValue no secret is asked for
   */
  token?: string | undefined;

  /**
   * Decides by the whole request, such as by a `REMOTE_USER` that the web server has authenticated.
   *
   * @defaultValue everybody whom the other two let pass
   */
  permit?: ((environ: Environ) => boolean | Promise<boolean>) | undefined;
}

/**
 * Shows what the whole pool of this application is doing, from whichever of its workers is asked: as a page in a browser,
 * as text for Prometheus, as JSON otherwise, or as `?format=html`, `prometheus` or `json` says. `?refresh=5` has a browser
 * ask for the page again every 5 seconds.
 *
 * A client that may not see it gets 403, or 401 where a token would help. Where nothing is counted, as in a CGI script,
 * the status is empty. A pool whose threads are all busy answers when one of them has finished.
 *
 * @example
 * app.run(import.meta, {
 *   middleware: [status({ path: "/server-status", token: process.env["STATUS_TOKEN"] })],
 * });
 *
 * @throws {GatewayError} `OPTION` when the path is none, when nothing says who may see the status, or when that makes no
 * sense
 */
export function status(options: StatusOptions): Middleware {
  checkOptions("status()", options, { path: true, allow: true, token: true, permit: true });
  const { path } = options;
  if (typeof path !== "string" || !path.startsWith("/"))
    throw new GatewayError("OPTION", 'the status needs a "path" that begins with "/"');
  const access = accessOf(options);
  return (application) => (environ, startResponse) => {
    if (environ.PATH_INFO !== path) return application(environ, startResponse);
    return import("./status/answer.ts").then(({ answer }) => answer(environ, startResponse, access));
  };
}
