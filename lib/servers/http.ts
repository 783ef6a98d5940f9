// The embedded HTTP server: node:http underneath, for development and for running without a web server in front.

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ProtocolError } from "../errors.ts";
import type { Counters } from "../gateway/counters.ts";
import { completeEnviron } from "../gateway/environ.ts";
import type { Loader } from "../gateway/loader.ts";
import { printable } from "../gateway/log.ts";
import type { ProtocolServer } from "../gateway/protocol-server.ts";
import { refuse } from "../gateway/respond.ts";
import type { Application, Environ } from "../gateway/types.ts";
import { contextOf } from "./context.ts";
import { HttpConnections } from "./http-connections.ts";
import { readRequest } from "./http-environ.ts";
import { HttpExchange } from "./http-exchange.ts";
import { NEXT_REQUEST_MS, whenTimeIsOver } from "./linger.ts";
import type { ServerOptions } from "./options.ts";
import { runRequest } from "./run-request.ts";
import { shareShapeOfOptions } from "./socket-options.ts";

export interface HttpOptions extends ServerOptions {
  /**
   * The web server that loaded the start-up file: its word on who the client is counts, since the socket is its own. Set
   * by `serve()`.
   *
   * @defaultValue none: the client is whoever has connected
   */
  loader?: Loader;
}

/** As for FastCGI: a connection without a request yet may still bring one when the server stops, in milliseconds. */
const FIRST_REQUEST_MS = 1_000;

/** How often a server that stops looks whether more has come to be accepted. */
const MOST_TURNS = 100;

/** An HTTP server that nobody has told to listen yet. */
export function createServer(
  application: Application,
  options: HttpOptions = {},
  counters?: Counters,
): ProtocolServer {
  const context = contextOf(application, options, counters);
  const { refused, idleTimeoutMs: idleMs, maxBodyBytes, maxConcurrent } = context;
  const connections = new HttpConnections();
  /** What is sent behind the requests in progress of a connection that goes on as no HTTP. */
  const refusals = new WeakMap<Duplex, string>();
  /** The server is stopping, and takes connections that a client keeps elsewhere. */
  let leave: ((socket: Socket) => void) | undefined;
  /** It is, and no connection may wait for a request any more. */
  let onlyBusy = false;

  const server = createHttpServer({
    // An integer, which a limit that is none is not.
    maxHeaderSize: Math.floor(Math.min(context.maxParamsBytes, Number.MAX_SAFE_INTEGER)),
    noDelay: true,
    // Passenger hands on an HTTP/1.0 request without a Host header as one of HTTP/1.1.
    requireHostHeader: options.loader?.kind !== "passenger",
    // Node's time-out for a whole request would end a slow upload that makes progress.
    requestTimeout: 0,
    headersTimeout: idleMs,
    keepAliveTimeout: idleMs,
  });
  server.on("request", (request, response) => begin(request, response, false));
  // The client is told to continue when the application first reads its input.
  server.on("checkContinue", (request, response) => begin(request, response, true));
  server.on("clientError", refuseBytes);
  server.on("connect", refuseConnect);
  server.on("connection", open);
  server.setTimeout(idleMs, onIdle);

  function open(socket: Socket): void {
    // In front of what forgets the connection, and with it its requests.
    socket.once("close", () => {
      endAll(socket);
      context.counters.leave(socket);
    });
    connections.add(socket);
    context.counters.accept(socket);
    shareShapeOfOptions(context.counters.accepted);
  }

  function begin(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const exchange = new HttpExchange(request, response, maxBodyBytes, expectsContinue);
    exchange.last = context.draining && leave === undefined;
    connections.begin(exchange);
    response.once("close", () => end(exchange));
    if (context.counters.active >= maxConcurrent) {
      refused(`refused a request: more than ${maxConcurrent} at once ("maxConcurrent")`);
      refuse(exchange, request.method ?? "GET", "503 Service Unavailable");
      return;
    }
    const environ = environOf(exchange);
    if (environ !== undefined) runRequest(exchange, environ, context);
  }

  function end(exchange: HttpExchange): void {
    if (!connections.end(exchange)) return;
    exchange.onClose();
    const { request, socket } = exchange;
    const refusal = refusals.get(socket);
    if (refusal !== undefined && connections.exchangesOn(socket).size === 0) socket.end(refusal);
    if (request.complete) finish(socket);
    else request.once("close", () => finish(socket));
  }

  /** Of a request and its response nothing is on its way any more. */
  function finish(socket: Socket): void {
    connections.finish(socket);
    if (!context.draining) return;
    if (leave !== undefined) {
      if (!socket.destroyed) leave(socket);
    } else if (onlyBusy && connections.active === 0) {
      connections.closeAll();
    } else {
      // Of a response whose head was on its way, the client does not know that it was the last.
      whenTimeIsOver(NEXT_REQUEST_MS, () => connections.closeIdle(socket));
    }
  }

  /** node:http tells it only to the response whose turn it is; those of pipelined requests wait behind it. */
  function endAll(socket: Socket): void {
    for (const exchange of connections.exchangesOn(socket)) end(exchange);
  }

  /** Undefined when the request was refused. */
  function environOf(exchange: HttpExchange): Environ | undefined {
    const method = exchange.request.method ?? "GET";
    try {
      const environ = readRequest(exchange.request, options.loader);
      const gateway = {
        input: exchange.body.stream,
        errors: context.errors,
        cancellation: exchange.cancellation,
        multithread: true,
        multiprocess: context.multiprocess,
        runOnce: false,
      };
      completeEnviron(environ, gateway, context.environ);
      if (Number(environ.CONTENT_LENGTH ?? 0) <= maxBodyBytes) return environ;
      refused(`refused a body of ${environ.CONTENT_LENGTH} bytes ("maxBodyBytes" is ${maxBodyBytes})`);
      refuse(exchange, method, "413 Content Too Large");
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused(`refused an HTTP request: ${printable(error.message)}`);
      refuse(exchange, method, "400 Bad Request");
    }
    return undefined;
  }

  /** What is no HTTP, or more of it than we take. Requests in front of it are answered first. */
  function refuseBytes(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
    if (refusals.has(socket)) return;
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = `HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    const open = [...connections.exchangesOn(socket)];
    const broken = open.find((exchange) => !exchange.request.complete);
    const reason = `refused an HTTP request: ${printable(error.message)}`;
    // One whose body breaks off has been counted.
    if (broken === undefined) refused(reason);
    else context.log("error", reason);
    if (broken === undefined && open.length > 0) refusals.set(socket, refusal);
    else if (broken !== undefined && (broken.begun || open.length > 1)) socket.destroy();
    else socket.end(refusal);
  }

  /** RFC 9110 §9.3.6: for proxies, which we are none. */
  function refuseConnect(_request: IncomingMessage, socket: Duplex): void {
    refused("refused an HTTP request: CONNECT is for proxies");
    socket.on("error", () => {});
    if (connections.exchangesOn(socket).size > 0) socket.destroy();
    else socket.end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  }

  /** No byte went either way for `idleTimeoutMs`; an application that computes is not disturbed. */
  function onIdle(socket: Socket): void {
    for (const exchange of connections.exchangesOn(socket)) {
      if (exchange.stalled) continue;
      socket.setTimeout(idleMs);
      return;
    }
    socket.destroy();
  }

  function closeAllIdle(): void {
    for (const socket of connections.all()) connections.closeIdle(socket);
  }

  /** http.Server's own close() would end the idle connections. */
  function closeListener(): void {
    NetServer.prototype.close.call(server);
  }

  return {
    server,
    drain(handOver) {
      context.draining = true;
      if (handOver !== undefined) {
        leave = (socket) => handOver(socket, () => connections.isIdle(socket));
        closeListener();
        for (const socket of connections.all()) leave(socket);
        return connections.empty();
      }
      for (const exchange of connections.exchanges()) exchange.last = true;
      // Passenger sends a request to whoever listens, or on a connection that it keeps, and does not send it twice.
      if (options.loader?.kind === "passenger") {
        return queueTaken(server).then(() => {
          closeListener();
          return emptied();
        });
      }
      closeListener();
      whenTimeIsOver(NEXT_REQUEST_MS, closeAllIdle);
      return emptied();
    },
    abort(reason) {
      for (const exchange of connections.exchanges()) exchange.abandon(reason);
      connections.closeAll();
    },
  };

  /** Resolves when no connection is open; those that wait for a request are closed after a moment. */
  function emptied(): Promise<void> {
    const patience = setTimeout(() => {
      onlyBusy = true;
      if (connections.active === 0) connections.closeAll();
      else closeAllIdle();
    }, FIRST_REQUEST_MS);
    return connections.empty().finally(() => clearTimeout(patience));
  }
}

/** Resolves when nothing waits to be accepted, whose sender would get no answer, or more comes all the time. */
async function queueTaken(server: NetServer): Promise<void> {
  let accepted = true;
  const onConnection = (): void => {
    accepted = true;
  };
  server.on("connection", onConnection);
  for (let turn = 0; accepted && turn < MOST_TURNS; turn++) {
    accepted = false;
    // The event loop accepts in between, all that waits.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  server.off("connection", onConnection);
}

/** A method of no registry is no syntax error, though the parser of node:http takes it for one. */
const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [^ \r\n]+ HTTP\/1\.[01]\r?$/m;

function statusOf(error: NodeJS.ErrnoException & { rawPacket?: Buffer }): string {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return "431 Request Header Fields Too Large";
    case "HPE_INVALID_METHOD":
      return REQUEST_LINE.test(error.rawPacket?.toString("latin1") ?? "")
        ? "501 Not Implemented"
        : "400 Bad Request";
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "408 Request Timeout";
    default:
      return "400 Bad Request";
  }
}
