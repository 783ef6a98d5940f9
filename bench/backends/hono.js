// A Hono application, over postern's FastCGI server through the bridge or on @hono/node-server. Arguments: the socket's
// path, "fastcgi" or "http", and "routes" for the last of 30 routes, with a header, in the place of one alone.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { reportReady } from "./ready.js";

const [bindAddress, protocol, what] = process.argv.slice(2);
const tests = createRequire(new URL("../../test/package.json", import.meta.url));
const { Hono } = await load("hono");

const app = new Hono();
if (what === "routes") {
  for (let index = 0; index < 29; index++) app.get(`/things${index}/:id`, (c) => c.text("Another page"));
  app.get("/entries/:id", (c) => {
    c.header("Cache-Control", "no-cache");
    return c.text("Hello, World!");
  });
} else {
  app.get("/entries/newest", (c) => c.text("Hello, World!"));
}

if (protocol === "fastcgi") {
  const { fromFetch } = await import("postern/bridge/fetch");
  const { WSGIServer } = await import("postern/server/fcgi");
  await new WSGIServer(fromFetch(app), { bindAddress }).listening;
  reportReady();
} else {
  const { createAdaptorServer } = await load("@hono/node-server");
  createAdaptorServer({ fetch: app.fetch }).listen(bindAddress, reportReady);
}

/** The frameworks are among the packages of the tests. */
function load(name) {
  return import(pathToFileURL(tests.resolve(name)).href);
}
