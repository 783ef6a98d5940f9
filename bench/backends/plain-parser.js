// What can be reached in Node at the least: each request's variables in an object, one write for the response, and nothing
// else, no limits, no time-outs, no checks. It expects a request to come in one piece. Arguments: the socket's path, "kept"
// or "closed" connections.

import { createServer } from "node:net";

import { reportReady } from "./ready.js";

const [path, connections] = process.argv.slice(2);
const kept = connections === "kept";

const HEADER = 8;
const PARAMS = 4;
const STDIN = 5;

createServer({ allowHalfOpen: true }, (socket) => {
  const close = () => socket.destroy();
  socket.on("end", close);
  socket.on("error", close);
  socket.on("data", (bytes) => {
    let environ = {};
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt16BE(at + 4);
      if (bytes[at + 1] === PARAMS && length > 0) environ = variables(bytes, at + HEADER, length);
      else if (bytes[at + 1] === STDIN && length === 0) answer(socket, environ);
      at += HEADER + length + bytes[at + 6];
    }
  });
}).listen(path, reportReady);

function variables(bytes, start, length) {
  const environ = {};
  const text = bytes.latin1Slice(start, start + length);
  for (let at = 0; at < length; ) {
    let nameLength = bytes[start + at++];
    if (nameLength > 127) {
      nameLength = bytes.readUInt32BE(start + at - 1) & 0x7fffffff;
      at += 3;
    }
    let valueLength = bytes[start + at++];
    if (valueLength > 127) {
      valueLength = bytes.readUInt32BE(start + at - 1) & 0x7fffffff;
      at += 3;
    }
    const end = at + nameLength;
    environ[text.slice(at, end)] = text.slice(end, end + valueLength);
    at = end + valueLength;
  }
  return environ;
}

const END =
  "\x01\x06\x00\x01\x00\x00\x00\x00\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

function answer(socket, environ) {
  const body = environ.REQUEST_METHOD === "GET" ? "Hello, World!" : "";
  const stdout = `Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const padding = -stdout.length & 7;
  const header = String.fromCharCode(1, 6, 0, 1, stdout.length >> 8, stdout.length & 0xff, padding, 0);
  socket.write(`${header}${stdout}${"\0".repeat(padding)}${END}`, "latin1");
  if (!kept) socket.destroy();
}
