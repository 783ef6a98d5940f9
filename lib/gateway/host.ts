// The host that a client asks for, as `Host` has it (RFC 9110 §7.2). Whoever sends a request chooses it.

export interface Host {
  /** In small letters and without the root's dot; an IPv6 address in brackets and in its shortest form. */
  readonly name: string;
  /** In digits; undefined where none is named. */
  readonly port: string | undefined;
}

// Names as they can be looked up. RFC 3986 §3.2.2 allows more, such as `,` and `%`, which no two programs read alike.
const HOST = /^(?:([\w-]+(?:\.[\w-]+)*)\.?|(\[[0-9a-f:.]+\]))(?::(\d{0,5}))?$/i;

/** RFC 1035 §2.3.4. */
const MAX_NAME_LENGTH = 253;

/** Undefined for all that is no host with or without a port: user parts, lists, spaces, ports that are none. */
export function parseHost(text: string): Host | undefined {
  const [, plain, address, digits] = HOST.exec(text) ?? [];
  const port = digits === "" ? undefined : digits;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  if (plain !== undefined) {
    return plain.length > MAX_NAME_LENGTH ? undefined : { name: plain.toLowerCase(), port };
  }
  if (address === undefined || !URL.canParse(`http://${address}`)) return undefined;
  return { name: new URL(`http://${address}`).hostname, port };
}

/** Whether a name of {@link Host} leads to the machine itself, wherever it is looked up (RFC 6761 §6.3). */
export function isLoopbackName(name: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(
    name,
  );
}
