// Large bodies on one server. Arguments: the socket's path, the server, and how many bytes go down.

import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { reportReady } from "./ready.js";

const [bindAddress, server, length] = process.argv.slice(2);
const bytes = Number(length);

const CHUNK = Buffer.alloc(65_536, "x");

await { postern, copying, framing, http }[server]();

/** A gateway application. */
async function postern() {
  const { WSGIServer } = await import("postern/server/fcgi");
  async function application(environ, startResponse) {
    const up = environ.REQUEST_METHOD === "POST";
    let count = 0;
    if (up) for await (const chunk of environ["wsgi.input"]) count += chunk.length;
    startResponse("200 OK", [
      ["Content-Type", "application/octet-stream"],
      ["Content-Length", String(up ? String(count).length : bytes)],
    ]);
    return up ? [String(count)] : chunks();
  }
  await new WSGIServer(application, { bindAddress }).listening;
  reportReady();
}

function* chunks() {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}

/** Node's own server, behind a proxy. */
function http() {
  createHttpServer(async (request, response) => {
    const up = request.method === "POST";
    let count = 0;
    if (up) for await (const chunk of request) count += chunk.length;
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(up ? String(count).length : bytes),
    });
    if (!up)
      for (const chunk of chunks())
        if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
    response.end(up ? String(count) : undefined);
  }).listen(bindAddress, reportReady);
}

const HEADER = 8;
const STDIN = 5;
/** What one record of the response carries, and the record with it, made beforehand. */
const CONTENT = 32_768;
const recordHeader = (length) => Buffer.of(1, 6, 0, 1, length >> 8, length & 0xff, 0, 0);
const record = (text) => Buffer.concat([recordHeader(text.length), text]);
const RECORDS = Buffer.concat([record(CHUNK.subarray(0, CONTENT)), record(CHUNK.subarray(0, CONTENT))]);
const END = Buffer.of(1, 6, 0, 1, 0, 0, 0, 0, 1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** Only copies: looks at the headers of records for the end of a request, and sends records that are ready. */
function copying() {
  fastcgi(async (socket) => {
    let left = bytes;
    for (; left >= CHUNK.length; left -= CHUNK.length) if (!socket.write(RECORDS)) await drained(socket);
    for (let part = left; part > 0; part -= CONTENT)
      socket.write(record(CHUNK.subarray(0, Math.min(part, CONTENT))));
  });
}

/** The same, but it sends an application's chunks, each behind the header that it needs, and nothing else that a server does. */
function framing() {
  fastcgi(async (socket) => {
    for (const chunk of chunks()) {
      let hasRoom = true;
      socket.cork();
      for (let at = 0; at < chunk.length; at += CONTENT) {
        const part = chunk.subarray(at, at + CONTENT);
        socket.write(recordHeader(part.length));
        hasRoom = socket.write(part);
      }
      socket.uncork();
      if (!hasRoom) await drained(socket);
    }
  });
}

const drained = (socket) => new Promise((resolve) => socket.once("drain", resolve));

/** @param {(socket: import("node:net").Socket) => Promise<void>} sendBody */
function fastcgi(sendBody) {
  createServer({ allowHalfOpen: true }, (socket) => {
    let skipped = 0;
    let header = Buffer.alloc(0);
    let count = 0;
    let method = "GET";
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    socket.on("data", (chunk) => {
      if (count === 0 && chunk.includes("POST")) method = "POST";
      for (let at = 0; at < chunk.length; ) {
        if (skipped > 0) {
          const part = Math.min(skipped, chunk.length - at);
          skipped -= part;
          at += part;
          continue;
        }
        const part = chunk.subarray(at, at + HEADER - header.length);
        header = header.length === 0 ? part : Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER) return;
        const contentLength = header.readUInt16BE(4);
        if (header[1] === STDIN) {
          count += contentLength;
          if (contentLength === 0) void answer(socket, method, count, sendBody);
        }
        skipped = contentLength + header[6];
        header = Buffer.alloc(0);
      }
    });
  }).listen(bindAddress, reportReady);
}

async function answer(socket, method, count, sendBody) {
  const up = method === "POST";
  const body = up ? String(count) : "";
  const head = `Status: 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${up ? body.length : bytes}\r\n\r\n`;
  socket.write(record(Buffer.from(head + body)));
  if (!up) await sendBody(socket);
  socket.end(END);
}
