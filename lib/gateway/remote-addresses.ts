import { Networks } from "./networks.ts";
import type { Environ } from "./types.ts";

/** Stands for all peers on unix sockets, in nginx's word: they have no address. */
const UNIX = "unix:";

/** Answers that are kept: asking Node costs more than all the rest, and the same proxies and clients come again. */
const MAX_KNOWN = 1_024;

/** Addresses and networks of clients, and `"unix:"` for those that came over a unix socket. */
export class RemoteAddresses {
  readonly #networks: Networks;
  readonly #unix: boolean;
  readonly #known = new Map<string, boolean>();

  /** @throws {GatewayError} with `code` when it is no list, or an entry is neither an address nor a network nor `"unix:"` */
  constructor(entries: readonly string[], code: string) {
    const isList = Array.isArray(entries);
    this.#unix = isList && entries.includes(UNIX);
    this.#networks = new Networks(isList ? entries.filter((entry) => entry !== UNIX) : entries, code);
  }

  /** Whether an address is in it. */
  has(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const has = this.#networks.has(address);
    if (this.#known.size < MAX_KNOWN) this.#known.set(address, has);
    return has;
  }

  /**
   * Whether `REMOTE_ADDR` is in it. The embedded HTTP server leaves it out on a unix socket, and web servers say `unix:`
   * or nothing.
   */
  hasPeer({ REMOTE_ADDR: address = "" }: Environ): boolean {
    return address === "" || address.startsWith(UNIX) ? this.#unix : this.has(address);
  }
}
