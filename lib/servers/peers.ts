import type { Socket } from "node:net";
import { Networks } from "../gateway/networks.ts";

/** Who may connect over TCP to a server whose peers can set any CGI variable. */
export class Peers {
  readonly #lists: readonly Networks[];

  /**
   * @param allowed addresses and networks (`"10.0.0.0/8"`); loopback when left out
   * @param webServerAddrs FCGI_WEB_SERVER_ADDRS (FastCGI §3.2): when it names any, a peer must be among them
   * @throws {GatewayError} `ALLOWED_SERVERS` when an entry is no address
   */
  constructor(allowed: readonly string[] | undefined, webServerAddrs = "") {
    const named = webServerAddrs.split(",").filter((address) => address.trim() !== "");
    const lists: (readonly string[])[] = named.length > 0 ? [named] : [];
    if (allowed !== undefined) lists.push(allowed);
    else if (named.length === 0) lists.push(["127.0.0.0/8", "::1"]);
    this.#lists = lists.map((list) => new Networks(list, "ALLOWED_SERVERS"));
  }

  /**
   * Whether the peer of a connection may speak. One that has reset its connection already has no address any more,
   * though its bytes have come: over TCP that is a refusal. Unix sockets have permissions instead.
   */
  allow(socket: Socket): boolean {
    // Our own end has an address as long as the socket is open, over TCP alone.
    if (!("address" in socket.address())) return true;
    const address = socket.remoteAddress;
    return address !== undefined && this.#lists.every((list) => list.has(address));
  }
}
