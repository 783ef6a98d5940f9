// The npm package node-fastcgi, from the folder of peers. Arguments: the socket's path, "kept" or "closed" connections.

import { createRequire } from "node:module";
import { reportReady } from "./ready.js";

const [path, connections] = process.argv.slice(2);
const require = createRequire(new URL("../peers/package.json", import.meta.url));

// It asks for a flag that the package below it spells KEEPCONN, and so closes each connection, whatever the web server
// wants. Mended here, so that it is measured at its best.
if (connections === "kept") {
  const { BeginRequest } = createRequire(require.resolve("node-fastcgi"))("fastcgi-stream").records;
  BeginRequest.flags.KEEP_CONN = BeginRequest.flags.KEEPCONN;
}

require("node-fastcgi")
  .createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": "13" });
    response.end("Hello, World!");
  })
  .listen(path, reportReady);
