// The head of a CGI response (RFC 3875 §6), which FastCGI and SCGI use as well. Does no I/O.

type Headers = readonly (readonly [name: string, value: string])[];

/**
 * `Status:` first and always, since fronts differ in what they make of a head without it; then the headers; then the
 * empty line. One code point is one byte. Expects what has been checked: no line break stands in any part.
 */
export function encodeResponseHead(status: string, headers: Headers): string {
  return encodeHead(`Status: ${status}`, headers);
}

/** A head whose first line is not CGI's. */
export function encodeHead(firstLine: string, headers: Headers): string {
  let head = `${firstLine}\r\n`;
  for (const header of headers) head += `${header[0]}: ${header[1]}\r\n`;
  return `${head}\r\n`;
}
