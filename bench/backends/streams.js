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

/**
 * The same, but for an application, and nothing else that a server does: hands over what is between the headers of records, in the
 * pieces that it comes in, and sends chunks, each behind the header that it needs.
 */
function framing() {
  const sendChunks = async (socket) => {
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
  };
  fastcgi(sendChunks, () => new Input());
}

/** Chunks for whom reads them by `for await`: nothing of what a stream does besides. */
class Input {
  #chunks = [];
  #waiting;

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#chunks.length > 0) return Promise.resolve(this.#chunks.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  give(value) {
    this.#step({ value, done: false });
  }

  end() {
    this.#step({ value: undefined, done: true });
  }

  #step(step) {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    if (resolve === undefined) this.#chunks.push(step);
    else resolve(step);
  }
}

async function lengthOf(input) {
  let count = 0;
  for await (const chunk of input) count += chunk.length;
  return count;
}

const drained = (socket) => new Promise((resolve) => socket.once("drain", resolve));

/**
 * @param {(socket: import("node:net").Socket) => Promise<void>} sendBody
 * @param {() => Input} [openInput] for the application that reads the body; without it there is none
 */
function fastcgi(sendBody, openInput) {
  createServer({ allowHalfOpen: true }, (socket) => {
    const input = openInput?.();
    const read = input && lengthOf(input);
    let skipped = 0;
    let padding = 0;
    let type = 0;
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
          if (input !== undefined && type === STDIN && skipped > padding)
            input.give(chunk.subarray(at, at + Math.min(part, skipped - padding)));
          skipped -= part;
          at += part;
          continue;
        }
        const part = chunk.subarray(at, at + HEADER - header.length);
        header = header.length === 0 ? part : Buffer.concat([header, part]);
        at += part.length;
        if (header.length < HEADER) return;
        const contentLength = header.readUInt16BE(4);
        type = header[1];
        padding = header[6];
        if (type === STDIN) {
          count += contentLength;
          if (contentLength === 0) {
            input?.end();
            void answer(socket, method, read ?? count, sendBody);
          }
        }
        skipped = contentLength + padding;
        header = Buffer.alloc(0);
      }
    });
  }).listen(bindAddress, reportReady);
}

async function answer(socket, method, count, sendBody) {
  const up = method === "POST";
  const body = up ? String(await count) : "";
  const head = `Status: 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${up ? body.length : bytes}\r\n\r\n`;
  socket.write(record(Buffer.from(head + body)));
  if (!up) await sendBody(socket);
  socket.end(END);
}
