// The floor: what Node's sockets alone cost. Counts bytes instead of reading them, and answers with bytes that were
// made beforehand. Arguments: the socket's path, the length of a request, and what becomes of a connection behind a response:
// "kept", "closed" as Node's documentation has it, or "destroyed", which costs the least.

import { createServer } from "node:net";
import { reportCpuTime } from "./cpu-time.js";

const [path, length, connections] = process.argv.slice(2);
const requestBytes = Number(length);

const stdout = Buffer.from(
  "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!",
);
const padding = -stdout.length & 7;
const response = Buffer.concat([
  Buffer.of(1, 6, 0, 1, 0, stdout.length, padding, 0),
  stdout,
  Buffer.alloc(padding),
  Buffer.of(1, 6, 0, 1, 0, 0, 0, 0),
  Buffer.of(1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
]);

createServer({ allowHalfOpen: true }, (socket) => {
  let received = 0;
  const close = () => socket.destroy();
  socket.on("end", close);
  socket.on("error", close);
  socket.on("data", (bytes) => {
    received += bytes.length;
    if (received < requestBytes) return;
    received = 0;
    if (connections === "closed") {
      socket.end(response);
      return;
    }
    socket.write(response);
    if (connections === "destroyed") socket.destroy();
  });
}).listen(path, reportCpuTime);
