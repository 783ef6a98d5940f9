// What Node offers itself. Argument: the socket's path.

import { createServer } from "node:http";
import { reportReady } from "./ready.js";

createServer((_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": "13" });
  response.end("Hello, World!");
}).listen(process.argv[2], reportReady);
