// How long a response is. Looked at once a connection; all further ones are counted, not read.

const body = "Hello, World!";

/** Where a response ends, by protocol; 0 as long as it has not. */
const ends = {
  http: endOfHead,
  scgi: endOfHead,
  uwsgi: endOfHead,
  fastcgi: endOfRecords,
  ajp: endOfPackets,
};

/** Whether an answer went well, by protocol. A head of CGI has no status where it is 200. */
const successes = {
  http: (text) => text.startsWith("HTTP/1.1 200 "),
  uwsgi: (text) => text.startsWith("HTTP/1.1 200 "),
  ajp: (text) => text.slice(4, 7) === "\x04\0\xc8",
  scgi: succeeded,
  fastcgi: succeeded,
};

function succeeded(text) {
  return !/Status: (?!200)/.test(text);
}

/**
 * @param {import("./side-by-side.js").Definition["protocol"]} protocol
 * @param {Buffer} bytes what a server has sent so far
 * @returns {number} the response's length in bytes; 0 when it is not complete yet
 * @throws {Error} when it is complete and not the one expected
 */
export function responseLength(protocol, bytes) {
  const length = ends[protocol](bytes);
  if (length === 0) return 0;
  const text = bytes.toString("latin1", 0, length);
  if (!successes[protocol](text) || !text.includes(body)) {
    throw new Error(`not the answer that was expected: ${JSON.stringify(text)}`);
  }
  return length;
}

function endOfHead(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0 || bytes.length < end + 4 + body.length) return 0;
  return end + 4 + body.length;
}

const END_REQUEST = 3;

function endOfRecords(bytes) {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const next = at + 8 + bytes.readUInt16BE(at + 4) + bytes[at + 6];
    if (next > bytes.length) return 0;
    if (bytes[at + 1] === END_REQUEST) return next;
    at = next;
  }
  return 0;
}

const END_RESPONSE = 5;

function endOfPackets(bytes) {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const next = at + 4 + bytes.readUInt16BE(at + 2);
    if (next > bytes.length) return 0;
    if (bytes[at + 4] === END_RESPONSE) return next;
    at = next;
  }
  return 0;
}
