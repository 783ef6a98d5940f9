// Applications of node:http on the gateway, and the gateway's on node:http.

import type { RequestListener, Server } from "node:http";
import type { Application } from "../gateway/types.ts";
import { NodeExchange } from "./node/node-exchange.ts";
import { NodeListener } from "./node/node-listener.ts";

export { type ToNodeOptions, toNode } from "./node/to-node.ts";

/**
 * Runs an application of node:http as a gateway application: that of Express, `app.callback()` of Koa, `fastify.routing`
 * or `fastify.server`, one of connect, a plain request listener, or an `http.Server`, which need not listen.
 *
 * @example
 * await new WSGIServer(fromNode(app)).run();
 *
 * @throws {GatewayError} `APPLICATION` when it is none of these
 */
export function fromNode(listener: RequestListener | Server): Application {
  const target = new NodeListener(listener);
  return (environ, startResponse) => {
    if (environ.REQUEST_METHOD === "CONNECT") {
      // RFC 9110 §9.3.6: for proxies. Through a gateway there is no tunnel.
      startResponse("501 Not Implemented", []);
      return [];
    }
    return new NodeExchange(environ, startResponse, target).run();
  };
}
