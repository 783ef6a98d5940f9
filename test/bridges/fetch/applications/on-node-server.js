// All applications of this folder on @hono/node-server, each on a port of its own.

import { serve } from "@hono/node-server";

for (const name of ["hono", "itty-router", "worker"]) {
  const { default: application } = await import(`./${name}.js`);
  const { fetch } = application;
  const server = serve({ fetch: fetch.bind(application), port: 0, hostname: "127.0.0.1" }, ({ port }) => {
    console.log(`${name}: ${port}`);
  });
  process.on("disconnect", () => server.close());
}
