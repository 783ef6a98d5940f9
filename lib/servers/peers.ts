import { BlockList, isIPv6, type Socket } from "node:net";
import { GatewayError } from "../errors.ts";

/** Who may connect over TCP to a server whose peers can set any CGI variable. */
export class Peers {
  readonly #lists: readonly BlockList[];

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
    this.#lists = lists.map(listOf);
  }

  /**
   * Whether the peer of a connection may speak. One that has reset its connection already has no address any more,
   * though its bytes have come: over TCP that is a refusal. Unix sockets have permissions instead.
   */
  allow(socket: Socket): boolean {
    // Our own end has an address as long as the socket is open, over TCP alone.
    if (!("address" in socket.address())) return true;
    const address = socket.remoteAddress;
    if (address === undefined) return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    const family = isIPv6(plain) ? "ipv6" : "ipv4";
    return this.#lists.every((list) => list.check(plain, family));
  }
}

function listOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.trim().split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(prefix), family);
    } catch (error) {
      throw new GatewayError(
        "ALLOWED_SERVERS",
        `${JSON.stringify(entry)} is neither an address nor a network`,
        {
          cause: error,
        },
      );
    }
  }
  return list;
}
