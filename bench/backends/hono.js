// A Hono application, over postern's FastCGI server through the bridge or on @hono/node-server. Arguments: the socket's
// path, "fastcgi" or "http".

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { reportCpuTime } from "./cpu-time.js";

const [bindAddress, protocol] = process.argv.slice(2);
const tests = createRequire(new URL("../../test/package.json", import.meta.url));
const { Hono } = await load("hono");

const app = new Hono();
app.get("/entries/newest", (c) => c.text("Hello, World!"));

if (protocol === "fastcgi") {
  const { fromFetch } = await import("postern/bridge/fetch");
  const { WSGIServer } = await import("postern/server/fcgi");
  await new WSGIServer(fromFetch(app), { bindAddress }).listening;
  reportCpuTime();
} else {
  const { createAdaptorServer } = await load("@hono/node-server");
  createAdaptorServer({ fetch: app.fetch }).listen(bindAddress, reportCpuTime);
}

/** The frameworks are among the packages of the tests. */
function load(name) {
  return import(pathToFileURL(tests.resolve(name)).href);
}
