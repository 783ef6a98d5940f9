// How long a response is. Looked at once a connection; all further ones are counted, not read.

const body = "Hello, World!";

/**
 * @param {"fastcgi" | "http"} protocol
 * @param {Buffer} bytes what a server has sent so far
 * @returns {number} the response's length in bytes; 0 when it is not complete yet
 * @throws {Error} when it is complete and not the one expected
 */
export function responseLength(protocol, bytes) {
  const length = protocol === "http" ? httpLength(bytes) : fastcgiLength(bytes);
  if (length === 0) return 0;
  const text = bytes.toString("latin1", 0, length);
  const ok = protocol === "http" ? "HTTP/1.1 200 " : "Status: 200 ";
  if (!text.includes(ok) || !text.includes(body)) {
    throw new Error(`not the answer that was expected: ${JSON.stringify(text)}`);
  }
  return length;
}

function httpLength(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0 || bytes.length < end + 4 + body.length) return 0;
  return end + 4 + body.length;
}

const END_REQUEST = 3;

function fastcgiLength(bytes) {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const next = at + 8 + bytes.readUInt16BE(at + 4) + bytes[at + 6];
    if (next > bytes.length) return 0;
    if (bytes[at + 1] === END_REQUEST) return next;
    at = next;
  }
  return 0;
}
