// The floor: what Node's sockets alone cost. Counts bytes instead of reading them, and answers with bytes that were
// made beforehand. Arguments: the socket's path, the length of a request, what becomes of a connection behind a response
// ("kept", "closed" as Node's documentation has it, or "destroyed", which costs the least), and how many processes listen
// on one handle (left out: this one).

import cluster from "node:cluster";
import { createServer, Socket } from "node:net";
import { reportReady } from "./ready.js";

const [path, length, connections, processes] = process.argv.slice(2);
const requestBytes = Number(length);
// Of one process or several beside postern's a socket costs what one of postern's costs: see lib/servers/socket-options.ts.
const sharesShapes = processes !== undefined;
let accepted = 0;

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

const server = createServer({ allowHalfOpen: true }, (socket) => {
  if (sharesShapes && ++accepted % 100 === 0) new Socket(Object.create(null));
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
});

if (cluster.isWorker) server.listen(path);
else if (processes === undefined || processes === "1") server.listen(path, reportReady);
else {
  // The first process binds the socket, and neither listens nor accepts.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  for (let count = 0; count < Number(processes); count++) cluster.fork();
  let listening = 0;
  cluster.on("listening", () => ++listening === Number(processes) && reportReady());
}
