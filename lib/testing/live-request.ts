// One request to a server over HTTP, and its response as the body of an application.

import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import { GatewayError } from "../errors.ts";
import { EARLY_HEAD } from "../gateway/early-head.ts";
import { HOP_BY_HOP } from "../gateway/head.ts";
import type { Body, Chunk, Environ, Header, StartResponse } from "../gateway/types.ts";
import { mountOf } from "./server-address.ts";
import { UnansweredError } from "./unanswered-error.ts";

export interface LiveServer {
  readonly url: URL;
  /** 0 is no limit. */
  readonly timeoutMs: number;
  readonly socketPath?: string;
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/**
 * Sends the request of an environ to a server.
 *
 * @throws {UnansweredError} `CONNECT_FAILED`, `CONNECTION_LOST`, `RESPONSE_HEAD`, `RESPONSE_TIMEOUT`
 */
export async function sendRequest(
  server: LiveServer,
  environ: Environ,
  startResponse: StartResponse,
): Promise<Body> {
  const exchange = new LiveExchange(server, environ);
  const response = await exchange.response;
  const { statusCode = 0, statusMessage = "", rawHeaders } = response;
  startResponse(`${statusCode} ${statusMessage}`, endToEnd(rawHeaders));
  return exchange.body(response);
}

class LiveExchange {
  readonly response: Promise<IncomingMessage>;
  readonly #server: LiveServer;
  readonly #signal: AbortSignal;
  /** Whom a complaint is about. */
  readonly #what: string;
  #isLate = false;

  constructor(server: LiveServer, environ: Environ) {
    const { url } = server;
    const path = mountOf(url) + targetOf(environ);
    this.#server = server;
    this.#signal = environ["postern.signal"];
    this.#what = `${environ.REQUEST_METHOD} ${url.origin}${path}`;
    const request = (url.protocol === "https:" ? https : http).request(optionsOf(server, environ, path));
    request.on("timeout", () => {
      this.#isLate = true;
      request.destroy();
    });
    this.response = new Promise((resolve, reject) => {
      request.once("response", resolve);
      // Once the response has begun, its body tells what happened: a server need not read all of a request.
      request.on("error", (error) => reject(this.#unanswered(error)));
    });
    send(request, environ);
  }

  async *body(response: IncomingMessage): AsyncGenerator<Chunk, void, undefined> {
    try {
      yield EARLY_HEAD;
      yield* response;
    } catch (error) {
      this.#signal.throwIfAborted();
      const { timeoutMs } = this.#server;
      const how = this.#isLate ? `was silent for ${timeoutMs} ms` : "closed the connection";
      throw new GatewayError(
        this.#isLate ? "RESPONSE_TIMEOUT" : "CONNECTION_LOST",
        `${this.#what} was answered ${response.statusCode}, and the server ${how} in the middle of the body`,
        { cause: error },
      );
    } finally {
      // One that is left at its head would keep its connection for as long as the server does.
      response.destroy();
    }
  }

  #unanswered(error: NodeJS.ErrnoException): unknown {
    if (this.#signal.aborted) return this.#signal.reason;
    const { code = "", message } = error;
    const { url, timeoutMs, socketPath } = this.#server;
    const fail = (kind: string, sentence: string) =>
      new UnansweredError(kind, `${this.#what}: ${sentence}`, { cause: error });
    if (this.#isLate)
      return fail("RESPONSE_TIMEOUT", `the server has not answered, and was silent for ${timeoutMs} ms`);
    if (code.startsWith("HPE_"))
      return fail("RESPONSE_HEAD", `what answers does not speak HTTP as it should: ${message}`);
    if (["ECONNRESET", "EPIPE"].includes(code))
      return fail("CONNECTION_LOST", `the server closed the connection without an answer (${message})`);
    const where = socketPath ?? url.host;
    return fail("CONNECT_FAILED", `no connection to ${where} (${message || code}): is the server started?`);
  }
}

function optionsOf(
  server: LiveServer,
  environ: Environ,
  path: string,
): RequestOptions & https.RequestOptions {
  const { url, timeoutMs, socketPath, ca } = server;
  const { hostname, port } = url;
  return {
    method: environ.REQUEST_METHOD,
    path,
    headers: headersOf(environ),
    signal: environ["postern.signal"],
    // A kept connection could be closed by the server in the moment in which a request is sent on it.
    agent: false,
    ...(socketPath === undefined ? { host: hostname.replace(/^\[(.*)\]$/, "$1"), port } : { socketPath }),
    ...(timeoutMs > 0 && { timeout: timeoutMs }),
    ...(ca !== undefined && { ca: typeof ca === "string" || Buffer.isBuffer(ca) ? ca : [...ca] }),
  };
}

/** Path and query below the mount, as they were asked for. */
function targetOf({ REQUEST_URI: uri = "/", SCRIPT_NAME: mount }: Environ): string {
  const below = uri.startsWith(mount) ? uri.slice(mount.length) : uri;
  return below.startsWith("/") ? below : `/${below}`;
}

function headersOf(environ: Environ): string[] {
  const headers: string[] = [];
  for (const [variable, value] of Object.entries(environ)) {
    const isHeader = variable.startsWith("HTTP_") || /^CONTENT_(?:TYPE|LENGTH)$/.test(variable);
    if (!isHeader || typeof value !== "string") continue;
    const words = variable
      .replace(/^HTTP_/, "")
      .toLowerCase()
      .split("_");
    headers.push(words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("-"), value);
  }
  if (environ["postern.chunked"] === true) headers.push("Transfer-Encoding", "chunked");
  return headers;
}

function send(request: ClientRequest, environ: Environ): void {
  if (environ.CONTENT_LENGTH === undefined && environ["postern.chunked"] === undefined) {
    request.end();
    return;
  }
  const input = environ["wsgi.input"];
  input.once("error", (error) => request.destroy(error));
  input.pipe(request);
}

/** A response's headers but those of its connection, which ended here, and the second status that Passenger sends as one. */
function endToEnd(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && lower !== "status") headers.push([name, raw[at + 1] ?? ""]);
  }
  return headers;
}
