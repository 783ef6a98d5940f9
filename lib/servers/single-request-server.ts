import type { Counters } from "../gateway/counters.ts";
import type { ProtocolServer } from "../gateway/protocol-server.ts";
import type { Application } from "../gateway/types.ts";
import { createConnectionServer } from "./connection-server.ts";
import { contextOf } from "./context.ts";
import type { PeerOptions, ServerOptions } from "./options.ts";
import { Peers } from "./peers.ts";
import { SingleRequestConnection, type SingleRequestProtocol } from "./single-request-connection.ts";

type CreateServer = (
  application: Application,
  options?: ServerOptions & PeerOptions,
  counters?: Counters,
) => ProtocolServer;

/** What makes servers of a protocol whose connections carry one request each. */
export function singleRequestServer(protocol: SingleRequestProtocol): CreateServer {
  return (application, options = {}, counters) => {
    const context = contextOf(application, options, counters);
    const peers = new Peers(options.allowedServers);
    return createConnectionServer(
      context,
      peers,
      (socket) => new SingleRequestConnection(socket, context, protocol),
    );
  };
}
