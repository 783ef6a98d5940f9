import type { Environ } from "../../gateway/types.ts";

/** Whom the request came from: what Hono's helpers named `getConnInfo` give. */
export interface ConnectionInfo {
  readonly remote: {
    readonly address?: string;
    readonly port?: number;
    readonly addressType?: "IPv4" | "IPv6";
  };
}

/** `env.incoming` as `@hono/node-server` has it, as far as its own `getConnInfo` looks at it. */
export class Incoming {
  readonly #environ: Environ;

  constructor(environ: Environ) {
    this.#environ = environ;
  }

  get socket() {
    const { address, port, addressType } = connectionOf(this.#environ).remote;
    return {
      remoteAddress: address,
      remotePort: port,
      remoteFamily: addressType,
      encrypted: this.#environ["wsgi.url_scheme"] === "https",
    };
  }
}

export function connectionOf({ REMOTE_ADDR: address, REMOTE_PORT: port }: Environ): ConnectionInfo {
  if (!address) return { remote: {} };
  const addressType = address.includes(":") ? "IPv6" : "IPv4";
  return { remote: { address, addressType, ...(port !== undefined && { port: Number(port) }) } };
}
