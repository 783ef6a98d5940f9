import { GatewayError } from "../errors.ts";
import { parseHost } from "../gateway/host.ts";

/** The hosts that an application answers for, as its operator names them. */
export class AllowedHosts {
  readonly #names = new Set<string>();
  /** With the dot they begin with. */
  readonly #domains: string[] = [];

  /** @throws {GatewayError} `OPTION` when it is no list, or an entry names no host */
  constructor(hosts: readonly string[]) {
    if (!Array.isArray(hosts)) throw wrong(hosts, "is no list of hosts");
    for (const entry of hosts) {
      const isDomain = typeof entry === "string" && entry.startsWith(".");
      const host = typeof entry === "string" ? parseHost(isDomain ? entry.slice(1) : entry) : undefined;
      if (host === undefined || (isDomain && host.port !== undefined)) throw wrong(entry, "is no host");
      this.#names.add(host.port === undefined ? host.name : `${host.name}:${host.port}`);
      if (isDomain) this.#domains.push(`.${host.name}`);
    }
  }

  /** @param header - `Host`, as the client or a trusted proxy has sent it */
  has(header: string): boolean {
    const host = parseHost(header);
    if (host === undefined) return false;
    const { name, port } = host;
    return (
      this.#names.has(name) ||
      this.#names.has(`${name}:${port}`) ||
      this.#domains.some((domain) => name.endsWith(domain))
    );
  }
}

function wrong(value: unknown, what: string): GatewayError {
  return new GatewayError(
    "OPTION",
    `option "allowedHosts": ${JSON.stringify(value)} ${what} such as "example.org", "example.org:8443" or ` +
      '".example.org", which is example.org and all below it',
  );
}
