/** An IPv4 address as such where a socket of IPv6 shows it mapped (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string;
export function plainAddress(address: string | undefined): string | undefined;
export function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, "");
}
