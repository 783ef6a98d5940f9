// What a bridge calls: a listener, or a server with its listeners.

import { IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { ApplicationError, GatewayError } from "../../errors.ts";
import { MessageKind } from "./message-kind.ts";

/** A request that expects what nobody knows of is refused, as in node:http (RFC 9110 §10.1.1). */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** What an application of Express shows: the prototypes that it gives each request and each response. */
interface Prototypes {
  readonly request?: unknown;
  readonly response?: unknown;
}

export class NodeListener {
  /** The server whose listeners are called, if it is one. */
  readonly server: Server | undefined;
  readonly #listener: RequestListener | undefined;
  readonly #requests = new MessageKind<Socket, IncomingMessage>(IncomingMessage);
  readonly #responses = new MessageKind<IncomingMessage, ServerResponse>(ServerResponse);
  readonly #warned = new Set<string>();

  /** @throws {GatewayError} `APPLICATION` when it is neither */
  constructor(listener: RequestListener | Server) {
    if (typeof listener === "function") this.#listener = listener;
    else if (typeof listener?.emit === "function") this.server = listener;
    else {
      throw new GatewayError(
        "APPLICATION",
        "fromNode() takes a request listener, such as an Express application or app.callback() of Koa, or an HTTP server",
      );
    }
  }

  createRequest(socket: Socket): IncomingMessage {
    return this.#requests.make(socket, this.#shown("request"));
  }

  createResponse(request: IncomingMessage): ServerResponse {
    return this.#responses.make(request, this.#shown("response"));
  }

  /** What the listener returns, which is a promise where it is an async function. */
  call(request: IncomingMessage, response: ServerResponse): unknown {
    const { expect } = request.headers;
    if (expect !== undefined && request.httpVersion === "1.1") return this.#expect(request, response, expect);
    return this.#request(request, response);
  }

  /** Writes to `wsgi.errors`, each warning once. */
  warn(warning: string, errors: Writable): void {
    if (this.#warned.has(warning)) return;
    this.#warned.add(warning);
    errors.write(`postern/bridge/node: ${warning}\n`);
  }

  /** Nothing where it cannot be read: node:http, which never asks for it, would serve such a listener. */
  #shown(name: keyof Prototypes): unknown {
    try {
      return this.#prototypes?.[name];
    } catch {
      return undefined;
    }
  }

  get #prototypes(): Prototypes | undefined {
    if (this.#listener !== undefined) return this.#listener as Prototypes;
    const { server } = this;
    return server?.listenerCount("request") === 1
      ? (server.listeners("request")[0] as Prototypes | undefined)
      : undefined;
  }

  #request(request: IncomingMessage, response: ServerResponse): unknown {
    if (this.#listener !== undefined) return this.#listener(request, response);
    if (this.server?.emit("request", request, response)) return undefined;
    throw new ApplicationError("NO_LISTENER", "the HTTP server has no listener for requests");
  }

  #expect(request: IncomingMessage, response: ServerResponse, expect: string): unknown {
    const { server } = this;
    if (CONTINUE.test(expect)) {
      if (server !== undefined && server.listenerCount("checkContinue") > 0) {
        server.emit("checkContinue", request, response);
        return undefined;
      }
      return this.#request(request, response);
    }
    if (server !== undefined && server.listenerCount("checkExpectation") > 0) {
      server.emit("checkExpectation", request, response);
    } else {
      response.writeHead(417).end();
    }
    return undefined;
  }
}
