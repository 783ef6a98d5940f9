/** Bytes typed as in a specification: hexadecimal digits, with spaces and `|` to read them by. */
export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/[\s|]/g, ""), "hex");
}
