import { BlockList, isIPv6 } from "node:net";
import { GatewayError } from "../errors.ts";

/** A list of addresses and networks, such as `"127.0.0.1"` and `"10.0.0.0/8"`. */
export class Networks {
  readonly #list = new BlockList();

  /** @throws {GatewayError} with `code` when it is no list, or an entry is neither an address nor a network */
  constructor(entries: readonly string[], code: string) {
    if (!Array.isArray(entries)) {
      throw new GatewayError(
        code,
        `${JSON.stringify(entries)} is no list of addresses and networks, such as ["192.0.2.1", "10.0.0.0/8"]`,
      );
    }
    for (const entry of entries) {
      // An empty prefix is no number: it would be all addresses there are.
      const [, address = "", prefix] = /^([^/]*)(?:\/(\d+))?$/.exec(String(entry).trim()) ?? [];
      const family = familyOf(address);
      try {
        if (prefix === undefined) this.#list.addAddress(address, family);
        else this.#list.addSubnet(address, Number(prefix), family);
      } catch (error) {
        throw new GatewayError(code, `${JSON.stringify(entry)} is neither an address nor a network`, {
          cause: error,
        });
      }
    }
  }

  /** Whether an address is in it. An IPv4 address in IPv6's form counts as itself; what is no address is not in it. */
  has(address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    return this.#list.check(plain, familyOf(plain));
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}
