// Ordinary applications of other frameworks answer the same over FastCGI as over node:http.

import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, Server as HttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromNode } from "../../lib/bridges/node.ts";
import { serve } from "../../lib/serve.ts";
import { fakeServer } from "../support/fake-server.ts";
import { END_REQUEST, record, STDOUT } from "../support/fastcgi-client.ts";
import { forward } from "../support/fastcgi-front.ts";
import { temporaryFolder } from "../support/folder.ts";
import { nginx, startNginx } from "../support/nginx.ts";
import { until } from "../support/until.ts";
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

// What comes between node:http and the FastCGI server here, and in npm run frameworks.
it("the web server of these tests takes the next request behind one whose body nobody has read", async () => {
  const requests: IncomingMessage[] = [];
  const application = await fakeServer(async (connection, number) => {
    await connection.until(({ received }) => received.length > 0);
    connection.socket.pause();
    // No more of the body fits in the connection.
    if (number === 1) await until("the body waits", () => requests[0]?.isPaused() === true);
    const status = number === 1 ? "413 Content Too Large" : "200 OK";
    connection.socket.end(
      Buffer.concat([
        record(STDOUT, 1, Buffer.from(`Status: ${status}\r\n\r\n`)),
        record(STDOUT, 1),
        record(END_REQUEST, 1, Buffer.alloc(8)),
      ]),
    );
  });
  const port = await listen((request, response) => {
    requests.push(request);
    forward(application.address, request, response);
  });
  const client = connect(port, "127.0.0.1");
  const size = 4_194_304;
  client.write(`POST / HTTP/1.1\r\nHost: www.example.test\r\nContent-Length: ${size}\r\n\r\n`);
  client.write(Buffer.alloc(size));
  client.write("GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n");
  let received = "";
  for await (const bytes of client) {
    received += bytes;
    if (/^HTTP\/1\.1 200/m.test(received)) break;
  }
  expect(received.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
});
