// AJP 1.3: the server, which is what all its connections have in common. A connection's packets are in
// ajp-connection.ts, a request's response in ajp-request.ts, the bytes in protocols/ajp13/.

import { BlockList, isIP } from "node:net";
import { GatewayError } from "../errors.ts";
import type { Counters } from "../gateway/counters.ts";
import type { Address, ProtocolServer } from "../gateway/protocol-server.ts";
import type { Application } from "../gateway/types.ts";
import { DEFAULT_PACKET_BYTES, MAX_PACKET_BYTES } from "../protocols/ajp13/constants.ts";
import { attributeVariables } from "./ajp-attributes.ts";
import { AjpConnection } from "./ajp-connection.ts";
import type { AjpContext } from "./ajp-context.ts";
import { AjpSecret } from "./ajp-secret.ts";
import { requestNames } from "./ajp-variables.ts";
import { createConnectionServer } from "./connection-server.ts";
import { contextOf } from "./context.ts";
import type { PeerOptions, ServerOptions } from "./options.ts";
import { Peers } from "./peers.ts";

export interface AjpOptions extends ServerOptions, PeerOptions {
  /**
   * AJP: what a web server has to send with each request (`secret=` of Apache's ProxyPass); others are answered 403.
   * Without it the server listens on the loopback or a unix socket only, since whoever reaches it can set any variable,
   * `REMOTE_USER` included.
   *
   * @defaultValue none
   */
  secret?: string;

  /**
   * AJP: the longest packet either way, in bytes, from 8,192 to 65,536. The web server has to be told the same:
   * `ProxyIOBufferSize` in Apache, `max_packet_size` in mod_jk. A head must fit into one packet: a longer one of a
   * request the web server refuses itself, a longer one of a response is answered 500.
   *
   * @defaultValue `8_192`
   */
  maxPacketBytes?: number;

  /**
   * AJP: names of attributes that become variables of the request. Apache sends `SetEnv AJP_NAME value` as `NAME`. No other
   * attribute is taken under its own name, and none can be named here that would override what a request says of itself.
   *
   * @defaultValue `[]`
   */
  ajpAttributes?: readonly string[];
}

/**
 * An AJP server that nobody has told to listen yet.
 *
 * @throws {GatewayError} `AJP_SECRET`, `AJP_ATTRIBUTES` or `OPTION` when an option is none
 */
export function createServer(
  application: Application,
  options: AjpOptions = {},
  counters?: Counters,
): ProtocolServer {
  const context: AjpContext = {
    ...contextOf(application, options, counters),
    maxPacketBytes: packetBytesOf(options.maxPacketBytes ?? DEFAULT_PACKET_BYTES),
    secret: options.secret === undefined ? undefined : new AjpSecret(options.secret),
    names: requestNames(attributeVariables(options.ajpAttributes)),
  };
  const peers = new Peers(options.allowedServers);
  return {
    ...createConnectionServer(context, peers, (socket) => new AjpConnection(socket, context)),
    mayListenOn(address) {
      if (context.secret !== undefined || isOwnMachine(address)) return;
      throw new GatewayError(
        "AJP_SECRET",
        `AJP on ${"host" in address ? address.host : address.path} without a secret would let whoever reaches it set any ` +
          'variable, REMOTE_USER included; give option "secret" and the web server the same (secret= of ProxyPass), or ' +
          "listen on 127.0.0.1 or a unix socket",
      );
    },
  };
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Nobody on another machine can reach it. */
function isOwnMachine(address: Address): boolean {
  if ("path" in address) return true;
  const { host } = address;
  const family = isIP(host);
  return family === 0 ? host === "localhost" : loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

function packetBytesOf(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= DEFAULT_PACKET_BYTES && bytes <= MAX_PACKET_BYTES) return bytes;
  throw new GatewayError(
    "OPTION",
    `option "maxPacketBytes" is ${bytes}; give a number from ${DEFAULT_PACKET_BYTES} to ${MAX_PACKET_BYTES}`,
  );
}
