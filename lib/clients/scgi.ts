// `postern/client/scgi`: a gateway application that forwards its requests to an SCGI server.

import { checkOptions } from "../gateway/option-names.ts";
import { createForwarder, type ForwardingApplication } from "./forwarder.ts";
import { type ClientOptions, clientLimits, clientOptionNames } from "./options.ts";
import { scgiProtocol } from "./scgi-wire.ts";

export type { ForwardingApplication } from "./forwarder.ts";
export type { ServerAddress } from "./server-address.ts";

export type ScgiClientOptions = ClientOptions;

/**
 * Makes an application that forwards each request to an SCGI server, on a connection of its own.
 *
 * A failure is answered 502, 503 or 504, and a line in `wsgi.errors` says why. A response that breaks off is cut. Over a
 * unix socket, one without Content-Length looks complete: SCGI has no other sign of its end than that of the connection.
 *
 * @example
 * const application = scgiClient({ address: "/run/app.sock" });
 *
 * @throws {GatewayError} `ADDRESS` or `OPTION`
 */
export function scgiClient(options: ScgiClientOptions): ForwardingApplication {
  checkOptions("scgiClient()", options, clientOptionNames);
  return createForwarder({
    protocol: scgiProtocol,
    options,
    limits: clientLimits(options, 0, 0),
    needsLength: true,
  });
}
