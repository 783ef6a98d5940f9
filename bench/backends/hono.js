// A Hono application, over postern's FastCGI server or on @hono/node-server. Arguments: the socket's path, "fastcgi" or
// "node-server".

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { reportCpuTime } from "./cpu-time.js";

const [path, server] = process.argv.slice(2);
const tests = createRequire(new URL("../../test/package.json", import.meta.url));
const { Hono } = await load("hono");

const app = new Hono();
app.get("/", (c) => c.text("Hello, World!"));
app.get("/entries/:which", (c) => c.text("Hello, World!"));

if (server === "fastcgi") {
  const { fromFetch } = await import("postern/bridge/fetch");
  const { WSGIServer } = await import("postern/server/fcgi");
  await new WSGIServer(fromFetch(app), { bindAddress: path }).listening;
  reportCpuTime();
} else {
  const { createAdaptorServer } = await load("@hono/node-server");
  createAdaptorServer({ fetch: app.fetch }).listen(path, reportCpuTime);
}

/** The frameworks are among the packages of the tests. */
function load(name) {
  return import(pathToFileURL(tests.resolve(name)).href);
}
