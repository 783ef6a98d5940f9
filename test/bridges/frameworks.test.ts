// Ordinary applications of other frameworks answer the same over FastCGI as over node:http.

import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, Server as HttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromNode } from "../../lib/bridges/node.ts";
import { serve } from "../../lib/serve.ts";
import { forward } from "../support/fastcgi-front.ts";
import { temporaryFolder } from "../support/folder.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { applications } from "./applications/index.js";
import { connectCalls, expressCalls, fastifyCalls, koaCalls } from "./calls.ts";
import { type Call, Visitor, visible } from "./comparison.ts";

type Listener = RequestListener | HttpServer;

const frameworks = [
  ["Express 5", expressCalls],
  ["Express 4", expressCalls],
  ["connect", connectCalls],
  ["Koa", koaCalls],
  ["Fastify", fastifyCalls],
] as const;

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

/** The port of an application on node:http. */
async function listen(listener: Listener): Promise<number> {
  const server = listener instanceof HttpServer ? listener : createServer(listener);
  server.listen(0, "127.0.0.1");
  closers.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The path of a socket on which it is served over FastCGI. */
async function serveFastCgi(listener: Listener): Promise<string> {
  const folder = temporaryFolder();
  chmodSync(folder.path, 0o755);
  const path = join(folder.path, "app.sock");
  const server = serve(fromNode(listener), { protocol: "fcgi", bindAddress: path, socketMode: 0o666 });
  closers.push(async () => {
    await server.close();
    folder.remove();
  });
  await server.listening;
  return path;
}

/** Asks both, and compares. `bridged` gives the port of a web server in front of a FastCGI socket. */
function compare(
  make: () => Listener | Promise<Listener>,
  calls: readonly Call[],
  bridged: (path: string) => Promise<number>,
): void {
  let one: Visitor;
  let other: Visitor;

  beforeAll(async () => {
    one = new Visitor(await listen(await make()));
    other = new Visitor(await bridged(await serveFastCgi(await make())));
  });

  it.each(calls.map((call) => [titleOf(call), call] as const))("%s", async (_title, call) => {
    const [expected, actual] = [await one.ask(call), await other.ask(call)];
    expect(visible(actual)).toEqual(visible(expected));
    expect(actual.body.equals(expected.body)).toBe(true);
    expect(actual.status).toBe(call.status);
  });
}

function titleOf({ name, method = "GET", target, headers }: Call): string {
  return (
    name ?? `${method} ${target}${headers === undefined ? "" : ` with ${Object.keys(headers).join(", ")}`}`
  );
}

describe.each(frameworks)("%s", (name, calls) => {
  compare(applications[name], calls, (path) =>
    listen((request, response) => forward(path, request, response)),
  );
});

describe.skipIf(nginx === undefined)("Express 5 behind nginx", () => {
  const calls = expressCalls.filter(({ notBehindNginx = false }) => !notBehindNginx);
  compare(applications["Express 5"], calls, async (path) => {
    const front = await startNginx(
      (address) => `
        server {
          ${address}
          client_max_body_size 0;
          location / {
            include fastcgi_params;
            fastcgi_pass unix:${path};
          }
        }`,
    );
    closers.push(() => front.stop());
    return front.port;
  });
});
