// A Hono application that reads headers and a body, over postern's FastCGI server through the bridge, on @hono/node-server, or
// on srvx's adapter for Node with its fast response. Arguments: the socket's path, "fastcgi", "node-server" or "srvx".

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { reportReady } from "./ready.js";

const [bindAddress, server] = process.argv.slice(2);

const tests = "../../test/package.json";
const { Hono } = await load(tests, "hono");
const app = new Hono();
app.post("/entries/newest", async (c) => {
  const form = await c.req.text();
  const complete = form.startsWith("name=Ada") && c.req.header("cookie") !== undefined;
  return c.text(complete ? "Hello, World!" : "", 200, {
    "X-Agent": c.req.header("user-agent")?.slice(0, 11),
  });
});

if (server === "fastcgi") {
  const { fromFetch } = await import("postern/bridge/fetch");
  const { WSGIServer } = await import("postern/server/fcgi");
  await new WSGIServer(fromFetch(app), { bindAddress }).listening;
  reportReady();
} else if (server === "node-server") {
  const { createAdaptorServer } = await load(tests, "@hono/node-server");
  createAdaptorServer({ fetch: app.fetch }).listen(bindAddress, reportReady);
} else {
  const { FastResponse, toNodeHandler } = await load("../peers/package.json", "srvx/node");
  // As its documentation has it: what makes responses by their global name makes fast ones.
  globalThis.Response = FastResponse;
  createServer(toNodeHandler(app.fetch)).listen(bindAddress, reportReady);
}

/** Out of the packages of the tests, or of the peers. */
async function load(packages, name) {
  return import(pathToFileURL(createRequire(new URL(packages, import.meta.url)).resolve(name)).href);
}
