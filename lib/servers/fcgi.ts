// FastCGI 1.0: the server, which is what all its connections have in common. A connection's records are in
// fcgi-connection.ts, a request's response in fcgi-request.ts, the bytes in protocols/fastcgi/.

import { createServer as createNetServer, type Socket } from "node:net";
import { durationOf } from "../gateway/duration.ts";
import { logToStderr } from "../gateway/log.ts";
import type { ProtocolServer } from "../gateway/protocol-server.ts";
import type { Application } from "../gateway/types.ts";
import { FcgiConnection } from "./fcgi-connection.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import type { ServerOptions } from "./options.ts";
import { Peers } from "./peers.ts";

export interface FcgiOptions extends ServerOptions {
  /**
   * Whether a connection may carry several requests at once; if not, a second one is answered CANT_MPX_CONN.
   *
   * @defaultValue `true`
   */
  multiplexed?: boolean;

  /**
   * Requests at once on one connection. Past it the answer is OVERLOADED.
   *
   * @defaultValue `100`
   */
  maxMultiplexed?: number;

  /**
   * The roles this application plays; any other is answered UNKNOWN_ROLE. An authorizer's answer of 200 lets the
   * request pass, and its headers `Variable-NAME` become variables of the request.
   *
   * @defaultValue `["responder"]`
   */
  roles?: readonly ("responder" | "authorizer")[];

  /**
   * Addresses and networks that may connect over TCP. Whoever may connect can set any variable, `REMOTE_USER`
   * included. The variable `FCGI_WEB_SERVER_ADDRS` is honoured as well. Unix sockets are not concerned.
   *
   * @defaultValue loopback
   */
  allowedServers?: readonly string[];

  /**
   * Whether what an application writes to `wsgi.errors` goes to standard error as well as to the web server.
   *
   * @defaultValue `true` when the server listens itself, `false` on an inherited socket
   */
  copyErrors?: boolean;
}

/** A FastCGI server that nobody has told to listen yet. */
export function createServer(application: Application, options: FcgiOptions = {}): ProtocolServer {
  const log = options.log ?? logToStderr;
  const peers = new Peers(options.allowedServers, process.env["FCGI_WEB_SERVER_ADDRS"]);
  const connections = new Set<FcgiConnection>();
  const repairs = new Set<string>();
  let whenEmpty: (() => void) | undefined;
  const context: FcgiContext = {
    application,
    log,
    active: 0,
    draining: false,
    multiplexed: options.multiplexed ?? true,
    maxMultiplexed: options.maxMultiplexed ?? 100,
    authorizer: options.roles?.includes("authorizer") ?? false,
    responder: options.roles?.includes("responder") ?? true,
    maxParamsBytes: options.maxParamsBytes ?? 65_536,
    maxBodyBytes: options.maxBodyBytes ?? Number.POSITIVE_INFINITY,
    maxConcurrent: options.maxConcurrent ?? Number.POSITIVE_INFINITY,
    requestTimeoutMs: durationOf("requestTimeoutMs", options.requestTimeoutMs ?? 0),
    idleTimeoutMs: durationOf("idleTimeoutMs", options.idleTimeoutMs ?? 120_000),
    copyErrors: options.copyErrors ?? true,
    debug: options.debug ?? false,
    multiprocess: options.multiprocess ?? false,
    environ: {
      environ: options.environ,
      scriptName: options.scriptName,
      repair: options.repair,
      onRepair(repair) {
        if (repairs.has(repair)) return;
        repairs.add(repair);
        log("debug", `SCRIPT_NAME and PATH_INFO are repaired (${repair}); option "repair" switches it off`);
      },
    },
    onClose(connection) {
      connections.delete(connection);
      if (connections.size === 0) whenEmpty?.();
    },
  };

  // Half-open, because some clients end their side as soon as they have sent a request.
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    if (!peers.allow(socket, server)) {
      const peer = socket.remoteAddress ?? "a peer that has gone already";
      log("error", `refused a connection from ${peer}; option "allowedServers" can allow it`);
      socket.destroy();
      return;
    }
    connections.add(new FcgiConnection(socket, context));
  });

  return {
    server,
    drain() {
      context.draining = true;
      server.close();
      for (const connection of connections) connection.drain();
      return new Promise((resolve) => {
        if (connections.size === 0) resolve();
        else whenEmpty = resolve;
      });
    },
    abort(reason) {
      for (const connection of connections) connection.destroy(reason);
    },
  };
}
