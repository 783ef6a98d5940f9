// Loaded before a framework's own tests (node --require): whatever an http.Server or https.Server of this process is
// asked goes out over FastCGI and comes in again through postern's server and bridge, to the same server's listeners.
// The tests see the server, its port and its connections as ever.

import { appendFileSync } from "node:fs";
import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import { Server as TlsServer } from "node:https";
import { Socket } from "node:net";
import { join } from "node:path";
import { fromNode } from "../../../lib/bridges/node.ts";
import type { Application } from "../../../lib/gateway/types.ts";
import { createServer } from "../../../lib/servers/fcgi.ts";
import { forward } from "../fastcgi-front.ts";
import { temporaryFolder } from "../folder.ts";

type AnyServer = Server | TlsServer;

const applications: Application[] = [];
const numbers = new WeakMap<AnyServer, number>();
let requests = 0;
let address: Promise<string> | undefined;

for (const { prototype } of [Server, TlsServer]) {
  const { emit } = prototype;
  prototype.emit = function (this: AnyServer, event: string, ...args: unknown[]): boolean {
    const [request, response] = args as [IncomingMessage, ServerResponse];
    if (!isRequest(event) || !(request.socket instanceof Socket))
      return emit.apply(this, [event, ...args] as unknown as Parameters<typeof emit>);
    if (event === "checkContinue") response.writeContinue();
    // The server's time-out is that of the request behind: a web server has one of its own.
    request.socket.setTimeout(0);
    requests++;
    const number = String(numberOf(this));
    start().then((path) => forward(path, request, response, [["TEST_SERVER", number]]), fail);
    return true;
  } as typeof emit;
}

function isRequest(event: string): boolean {
  return event === "request" || event === "checkContinue" || event === "checkExpectation";
}

function numberOf(server: AnyServer): number {
  let number = numbers.get(server);
  if (number === undefined) {
    number = applications.push(fromNode(server as Server)) - 1;
    numbers.set(server, number);
  }
  return number;
}

/** One FastCGI server for the process. It does not keep the process alive. */
function start(): Promise<string> {
  address ??= new Promise((resolve) => {
    const folder = temporaryFolder();
    const path = join(folder.path, "s");
    process.on("exit", () => folder.remove());
    const { server } = createServer((environ, startResponse) => {
      const application = applications[Number(environ["TEST_SERVER"])];
      if (application === undefined) throw new Error("no such server");
      return application(environ, startResponse);
    });
    server.listen(path, () => resolve(path));
    server.unref();
  });
  return address;
}

function fail(error: unknown): void {
  process.stderr.write(`${error}\n`);
  process.exit(70);
}

// Says that the tests did what they are believed to do.
process.on("exit", () => {
  const path = process.env["BRIDGED_REQUESTS"];
  if (path !== undefined && requests > 0) appendFileSync(path, `${requests}\n`);
});
