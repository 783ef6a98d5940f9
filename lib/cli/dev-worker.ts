// The application's process under `postern serve --dev`: it loads the module once and answers the connections that the
// development server hands to it. Started with the module's path, the folder of --static or "", and the hosts that are
// listened on.

import { Socket } from "node:net";
import { dirname } from "node:path";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { GatewayError } from "../errors.ts";
import type { Application } from "../gateway/types.ts";
import { accessLog } from "../middleware/access-log.ts";
import { debugPage } from "../middleware/debug-page.ts";
import { createServer } from "../servers/http.ts";
import { closeApplication } from "./application-shape.ts";
import type { FromWorker, ToWorker } from "./dev-messages.ts";
import { importWithPlaces } from "./failed-import.ts";
import { loadApplication } from "./load-application.ts";
import { localHosts } from "./local-hosts.ts";
import { staticFolder } from "./static-folder.ts";

/** How long requests in progress may take once the worker is told to stop, in milliseconds. */
const STOP_MS = 500;

/** How long a connection that has brought no request yet may still bring one then, in milliseconds. */
const FIRST_REQUEST_MS = 100;

const [path = "", files = "", ...hosts] = process.argv.slice(2);

// Ctrl-C in a terminal reaches this process too; it stops when it is told to, or when nobody is left to tell.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) => console.error(error));

/** Whoever develops looks at a terminal: what was asked for, and what became of it. */
const logged = accessLog({ format: "%m %U%q %s %{ms}T ms", to: (line) => console.log(line) });

const application = await load();
const site = files === "" ? application : staticFolder(files, "")(application);
const { server, drain, abort } = createServer(logged(localHosts(debugPage(site), hosts)), { debug: true });
const sockets = new Set<Socket>();
const busy = new Set<Socket>();
/** Connections that have brought no request yet. A browser keeps some of these for later. */
const fresh = new Set<Socket>();

server.on("request", (request: { socket: Socket }, response: NodeJS.EventEmitter) => {
  busy.add(request.socket);
  fresh.delete(request.socket);
  response.on("close", () => busy.delete(request.socket));
});

process.on("message", (message: ToWorker, socket: unknown) => {
  if (message.type === "stop") void stop();
  // A client that has gone already leaves nothing to hand over.
  else if (socket instanceof Socket) take(socket);
});
const ready: FromWorker = { type: "ready" };
process.send?.(ready);

function take(socket: Socket): void {
  sockets.add(socket);
  fresh.add(socket);
  socket.on("close", () => {
    sockets.delete(socket);
    fresh.delete(socket);
  });
  socket.allowHalfOpen = true;
  server.emit("connection", socket);
  socket.resume();
}

/**
 * Requests in progress are finished, if they are quick: somebody waits to see the change, and two of the application at once
 * may be in each other's way, such as with a port or a database's file.
 */
async function stop(): Promise<void> {
  setTimeout(() => {
    if (busy.size > 0) console.error(cutOff(busy.size));
    abort(new GatewayError("SHUTDOWN", "the application starts again"));
    setImmediate(() => process.exit());
  }, STOP_MS);
  void drain();
  for (const socket of sockets) if (!busy.has(socket) && !fresh.has(socket)) socket.destroy();
  setTimeout(() => {
    for (const socket of fresh) socket.destroy();
  }, FIRST_REQUEST_MS);
  while (sockets.size > 0) {
    const [socket] = sockets;
    await new Promise((resolve) => socket?.once("close", resolve));
  }
  await closeApplication(application);
  process.exit();
}

function cutOff(count: number): string {
  const requests = count === 1 ? "1 request was" : `${count} requests were`;
  return `${requests} cut off: not ended ${STOP_MS} ms after the application was to start again.`;
}

/** A module that cannot be loaded answers every request with the reason. */
async function load(): Promise<Application> {
  try {
    return await importWithPlaces(() => loadApplication(path, dirname(path), { compile: true }));
  } catch (error) {
    console.error(error instanceof GatewayError ? error.message : describe(error));
    return (environ) => {
      // It was said once, and not for this request.
      environ["wsgi.errors"] = new Writable({ write: (_chunk, _encoding, done) => done() });
      throw error;
    };
  }
}

/** Without the frames of Node's own loader, which say nothing. */
function describe(error: unknown): string {
  return inspect(error)
    .split("\n")
    .filter((line) => !/^ +at .*\(?node:internal\//.test(line))
    .join("\n");
}
