// An Express application, over postern's FastCGI server through the bridge or on node:http. Arguments: the socket's path,
// "fastcgi" or "http".

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { reportReady } from "./ready.js";

const [bindAddress, protocol] = process.argv.slice(2);
// It is among the packages of the tests.
const express = createRequire(new URL("../../test/package.json", import.meta.url))("express");

const app = express();
app.get("/entries/newest", (_request, response) => {
  response.type("text/plain").send("Hello, World!");
});

if (protocol === "http") {
  createServer(app).listen(bindAddress, reportReady);
} else {
  const { WSGIServer } = await import("postern/server/fcgi");
  const { fromNode } = await import("postern/bridge/node");
  await new WSGIServer(fromNode(app), { bindAddress }).listening;
  reportReady();
}
