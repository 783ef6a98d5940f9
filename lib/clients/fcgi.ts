// `postern/client/fcgi`: a gateway application that forwards its requests to a FastCGI server, such as PHP-FPM.

import { checkOptions } from "../gateway/option-names.ts";
import { fcgiProtocol } from "./fcgi-wire.ts";
import { createForwarder, type ForwardingApplication } from "./forwarder.ts";
import { type ClientOptions, clientLimits, clientOptionNames } from "./options.ts";
import { type PhpOptions, PhpScripts } from "./php-scripts.ts";

export type { ForwardingApplication } from "./forwarder.ts";
export type { PhpOptions } from "./php-scripts.ts";
export type { ServerAddress } from "./server-address.ts";

export interface FcgiClientOptions extends ClientOptions {
  /**
   * The server runs scripts, and has to be told which one: PHP-FPM, or php-cgi.
   *
   * @defaultValue none: the server is one application
   */
  php?: PhpOptions;

  /**
   * Connections that are kept for later requests (FCGI_KEEP_CONN), in this process; 0 keeps none. PHP-FPM gives each kept
   * connection one of its processes, for nobody else to use: kept ones of all your processes together must be fewer than
   * `pm.max_children`, or requests wait for them to be closed. Only requests that could be sent twice, such as GET without a
   * body, go out on a kept connection.
   *
   * @defaultValue `8`; with `php`, `0`
   */
  maxIdle?: number;

  /**
   * How long a connection is kept without a request, in milliseconds; 0 is no limit.
   *
   * @defaultValue `5_000`
   */
  idleTimeoutMs?: number;
}

/**
 * Makes an application that forwards each request to a FastCGI server. What that writes to its STDERR goes to
 * `wsgi.errors`.
 *
 * A failure is answered 502, 503 or 504, and a line in `wsgi.errors` says why. A response that breaks off is cut.
 *
 * @example
 * const php = fcgiClient({ address: "/run/php/php8.2-fpm.sock", php: { documentRoot: "/srv/site" } });
 * const app = application([["/php", mount(php)]]);
 *
 * @throws {GatewayError} `ADDRESS` or `OPTION`
 */
export function fcgiClient(options: FcgiClientOptions): ForwardingApplication {
  checkOptions("fcgiClient()", options, {
    ...clientOptionNames,
    php: true,
    maxIdle: true,
    idleTimeoutMs: true,
  });
  const { php, maxIdle = php === undefined ? 8 : 0, idleTimeoutMs = 5_000 } = options;
  const scripts = php && new PhpScripts(php);
  return createForwarder({
    protocol: fcgiProtocol(maxIdle > 0),
    options,
    limits: clientLimits(options, maxIdle, idleTimeoutMs),
    needsLength: scripts !== undefined,
    ...(scripts && { prepare: (variables, environ) => scripts.prepare(variables, environ) }),
  });
}
