import { isIP } from "node:net";

/** One end of a connection, as proxies write it. */
export interface Node {
  readonly address: string;
  /** Where it is said. */
  readonly port: string | undefined;
}

/**
 * An address with or without a port (RFC 7239 §6): `192.0.2.1:80`, `[2001:db8::1]:80`, and `2001:db8::1` as
 * X-Forwarded-For has it. Undefined for all else: `unknown`, names that proxies make up, names of hosts.
 */
export function parseNode(text: string): Node | undefined {
  if (isAddress(text)) return { address: text, port: undefined };
  const [, v6, v4, port] = /^(?:\[([^\]]*)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = v6 ?? v4 ?? "";
  if (!isAddress(address) || (v6 !== undefined) !== address.includes(":")) return undefined;
  return port === undefined || isPort(port) ? { address, port } : undefined;
}

/** Whether it is a port, in digits. */
export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** The zone of an address (`fe80::1%eth0`) says something on the proxy's machine alone. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}
