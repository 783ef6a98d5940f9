// One request over HTTP/1.1 or FastCGI (§3 and §8 of its specification), and what came back.

import { once } from "node:events";
import { connect } from "node:net";

/**
 * @typedef {object} Request
 * @property {string} [method]
 * @property {string} [target] as in a request line
 * @property {[name: string, value: string][]} [headers]
 * @property {Buffer | string} [body]
 * @property {string} [version] of HTTP
 * @property {number} [leaveAfter] goes away when that many bytes of the response have come
 * @property {boolean} [anyOrder] the order of what the listener notes is no part of what is compared
 * @property {boolean} [half] sends half of the body and goes away when the response has begun
 */

/** @param {Request} request */
export async function overHttp(port, request) {
  const { method = "GET", target = "/", headers = [], body, version = "1.1" } = request;
  const lines = [`${method} ${target} HTTP/${version}`, "Host: localhost:8080", "Connection: close"];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const bytes = await receive({ port, host: "127.0.0.1" }, [head, sent(request)], request);
  return bytes === undefined ? undefined : readHttp(bytes, method);
}

/** @param {Request} request */
export async function overFastCgi(path, request, mount = "") {
  const { method = "GET", target = "/", headers = [], body, version = "1.1" } = request;
  const [encodedPath = "", ...query] = target.replace(/^http:\/\/[^/]*/, "").split("?");
  const pairs = [
    ["REQUEST_METHOD", method],
    ["REQUEST_URI", mount + target],
    ["SCRIPT_NAME", mount],
    ["PATH_INFO", target === "*" ? "" : decoded(encodedPath)],
    ["QUERY_STRING", query.join("?")],
    ["SERVER_PROTOCOL", `HTTP/${version}`],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "8080"],
    ["REMOTE_ADDR", "127.0.0.1"],
    ["REMOTE_PORT", "54321"],
    ["HTTP_HOST", "localhost:8080"],
    ["HTTP_CONNECTION", "close"],
  ];
  for (const [name, value] of headers) {
    const variable = name.toUpperCase().replaceAll("-", "_");
    pairs.push([variable === "CONTENT_TYPE" ? variable : `HTTP_${variable}`, value]);
  }
  if (body !== undefined) pairs.push(["CONTENT_LENGTH", String(Buffer.byteLength(body))]);
  const bytes = await receive(
    { path },
    [
      record(1, Buffer.of(0, 1, 0, 0, 0, 0, 0, 0)),
      record(
        4,
        Buffer.concat(pairs.flatMap(([name, value]) => [length(name), length(value), latin1(name + value)])),
      ),
      record(4),
      ...records(5, sent(request)),
      ...(request.half === true ? [] : [record(5)]),
    ],
    request,
  );
  return bytes === undefined ? undefined : readFastCgi(bytes, method);
}

function sent({ body = "", half }) {
  const bytes = Buffer.from(body);
  return half === true ? bytes.subarray(0, bytes.length >> 1) : bytes;
}

/** Undefined where the client went away. */
async function receive(address, pieces, { leaveAfter, half }) {
  const socket = connect(address);
  const received = [];
  let count = 0;
  let left = false;
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    received.push(bytes);
    count += bytes.length;
    if (half === true || (leaveAfter !== undefined && count >= leaveAfter)) {
      left = true;
      socket.destroy();
    }
  });
  for (const piece of pieces) if (piece.length > 0) socket.write(piece);
  await once(socket, "close");
  return left ? undefined : Buffer.concat(received);
}

function record(type, content = Buffer.alloc(0)) {
  return Buffer.concat([Buffer.of(1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0), content]);
}

function records(type, bytes) {
  const made = [];
  for (let at = 0; at < bytes.length; at += 60_000) made.push(record(type, bytes.subarray(at, at + 60_000)));
  return made;
}

function length({ length: size }) {
  return size < 128
    ? Buffer.of(size)
    : Buffer.of(0x80 | (size >> 24), (size >> 16) & 255, (size >> 8) & 255, size & 255);
}

function latin1(text) {
  return Buffer.from(text, "latin1");
}

function decoded(path) {
  return path.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number(`0x${code.slice(1)}`)));
}

function readFastCgi(bytes, method) {
  const stdout = [];
  let ended = false;
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt16BE(at + 4);
    if (bytes[at + 1] === 6) stdout.push(bytes.subarray(at + 8, end));
    if (bytes[at + 1] === 3) ended = true;
    at = end + bytes[at + 6];
  }
  const all = Buffer.concat(stdout);
  const end = all.indexOf("\r\n\r\n");
  if (end < 0) return { status: "none" };
  const lines = all.toString("latin1", 0, end).split("\r\n");
  const headers = lines.map(pair).filter(([name]) => name !== "Status");
  const status = lines.map(pair).find(([name]) => name === "Status")?.[1];
  return { status, headers, ...finished(headers, all.subarray(end + 4), method, status, ended) };
}

function readHttp(bytes, method) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return { status: "none" };
  const [line = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = line.slice(9);
  if (status.startsWith("1")) return readHttp(bytes.subarray(end + 4), method);
  const headers = lines.map(pair);
  let body = bytes.subarray(end + 4);
  let ended = true;
  if (
    headers.some(([name, value]) => /^transfer-encoding$/i.test(name) && value === "chunked") &&
    !bodyless(method, status)
  ) {
    [body, ended] = unchunked(body);
  }
  return { status, headers, ...finished(headers, body, method, status, ended) };
}

function bodyless(method, status) {
  return method === "HEAD" || status.startsWith("204") || status.startsWith("304");
}

/** Whether the body is as long as its head says. */
function finished(headers, body, method, status, ended) {
  const announced = headers.find(([name]) => /^content-length$/i.test(name))?.[1];
  const whole = announced === undefined || bodyless(method, status) || Number(announced) === body.length;
  return { body: body.toString("latin1"), complete: whole && ended };
}

function pair(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}

function unchunked(bytes) {
  const chunks = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf("\r\n", at);
    const size = end < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, end), 16);
    if (!(size > 0)) return [Buffer.concat(chunks), size === 0];
    chunks.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
