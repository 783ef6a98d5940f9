// The head of a CGI response (RFC 3875 §6), which FastCGI and SCGI use as well. Does no I/O.

/**
 * `Status:` first and always, since fronts differ in what they make of a head without it; then the headers; then the
 * empty line. One code point is one byte. Expects what has been checked: no line break stands in any part.
 */
export function encodeResponseHead(
  status: string,
  headers: readonly (readonly [name: string, value: string])[],
): string {
  let head = `Status: ${status}\r\n`;
  for (const header of headers) head += `${header[0]}: ${header[1]}\r\n`;
  return `${head}\r\n`;
}
