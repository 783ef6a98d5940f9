// One request of a gateway, run through a listener that expects node:http's objects.

import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ApplicationError } from "../../errors.ts";
import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Body, Environ, StartResponse } from "../../gateway/types.ts";
import { GatewaySocket, type Piece, type SocketOwner } from "./gateway-socket.ts";
import type { NodeListener } from "./node-listener.ts";
import { requestHeaders } from "./request-headers.ts";
import { requestTarget } from "./request-target.ts";
import { ResponseBody } from "./response-body.ts";
import { ResponseReader } from "./response-reader.ts";

/** What Express and connect add to a request that is mounted. */
interface MountedRequest {
  baseUrl?: string;
  originalUrl?: string;
}

export class NodeExchange implements SocketOwner {
  readonly environ: Environ;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #socket: GatewaySocket;
  readonly #listener: NodeListener;
  readonly #startResponse: StartResponse;
  readonly #reader: ResponseReader;
  readonly #body: ResponseBody;
  /** The application's promise of a body, where the listener did not answer at once. */
  #promise: { resolve(body: Body): void; reject(error: unknown): void } | undefined;
  /** The listener runs: what it writes is collected. */
  #isRunning = true;
  /** Why there will be no complete response. */
  #failure: { readonly error: unknown } | undefined;
  /** The gateway has the body, or has been told that there will be none. */
  #isSettled = false;
  /** The response is complete: `finish` was emitted. */
  #isFinished = false;
  #isReading = false;
  #inputEnded = false;

  constructor(environ: Environ, startResponse: StartResponse, listener: NodeListener) {
    this.environ = environ;
    this.#startResponse = startResponse;
    this.#listener = listener;
    this.#reader = new ResponseReader(environ.REQUEST_METHOD === "HEAD", (warning) =>
      listener.warn(warning, environ["wsgi.errors"]),
    );
    this.#socket = new GatewaySocket(this);
    this.#body = new ResponseBody(this.#reader, this.#onLeft);
    const socket = this.#socket as unknown as Socket;
    this.request = makeRequest(environ, socket);
    this.response = makeResponse(this.request);
    this.#socket.on("close", this.#onClose);
    this.response.assignSocket(socket);
    this.response.on("finish", this.#onFinish);
  }

  run(): Body | Promise<Body> {
    let answer: unknown;
    try {
      answer = this.#listener.call(this.request, this.response);
    } catch (error) {
      this.#isSettled = true;
      this.#socket.destroy();
      throw error;
    } finally {
      this.#isRunning = false;
    }
    if (isThenable(answer)) answer.then(undefined, this.#onRejected);
    const reader = this.#reader;
    if (this.#failure !== undefined && reader.status === "") throw this.#failure.error;
    if (this.environ.CONTENT_LENGTH === "0") this.#endInput();
    if (reader.status !== "" && (this.response.writableEnded || reader.complete)) {
      this.#isSettled = true;
      this.#startResponse(reader.status, reader.headers);
      this.#body.leave();
      return reader.takeChunks();
    }
    return new Promise<Body>((resolve, reject) => {
      this.#promise = { resolve, reject };
      this.#watch();
      if (reader.status !== "") this.#settle();
    });
  }

  wantInput(): void {
    const input = this.environ["wsgi.input"];
    if (this.#isReading) {
      if (!this.#inputEnded) input.resume();
      return;
    }
    if (this.#inputEnded || this.#socket.destroyed) return;
    this.#isReading = true;
    input.on("data", this.#onInput);
    input.on("end", this.#onInputEnd);
    input.on("error", this.#onInputError);
  }

  takeOutput(pieces: readonly Piece[], done: () => void): void {
    try {
      for (const { chunk, encoding } of pieces) this.#reader.take(chunk, encoding);
    } catch (error) {
      this.#fail(error);
      done();
      return;
    }
    if (this.#isRunning) {
      done();
      return;
    }
    if (!this.#isSettled && this.#reader.status !== "") this.#settle();
    this.#body.written(done);
  }

  drained(): void {
    const { response } = this;
    const socket = this.#socket as unknown as Socket;
    if (response.socket !== socket || response.writableEnded) return;
    // What a response writes while it has no socket goes out when it gets one, and `drain` is emitted behind it.
    response.detachSocket(socket);
    ServerResponse.prototype.flushHeaders.call(response);
    response.assignSocket(socket);
  }

  ended(error?: Error | null): void {
    if (this.#isFinished) return;
    this.#fail(
      new ApplicationError(
        "RESPONSE_DESTROYED",
        "the application closed its connection before the response was complete",
        {
          cause: error ?? undefined,
        },
      ),
    );
  }

  timedOut(): void {
    const socket = this.#socket;
    socket.emit("timeout");
    const { request, response } = this;
    const wasHeard = [
      !request.complete && request.emit("timeout", socket),
      response.socket !== null && response.emit("timeout", socket),
      this.#listener.server?.emit("timeout", socket) === true,
    ];
    if (!wasHeard.includes(true)) socket.destroy();
  }

  /** The head has come. */
  #settle(): void {
    const reader = this.#reader;
    try {
      this.#startResponse(reader.status, reader.headers);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#isSettled = true;
    if (!reader.complete) {
      // A head alone: flushHeaders() was called, or the body will be long in coming.
      if (reader.chunks.length === 0) reader.chunks.push(EARLY_HEAD);
      this.#promise?.resolve(this.#body);
      return;
    }
    this.#body.leave();
    this.#promise?.resolve(reader.takeChunks());
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    if (!this.#isSettled && this.#promise !== undefined) {
      this.#isSettled = true;
      this.#promise.reject(error);
    }
    this.#body.fail(error);
    this.#socket.destroy();
  }

  #watch(): void {
    const signal = this.environ["postern.signal"];
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => {
    if (!this.#isFinished) this.#fail(this.environ["postern.signal"].reason);
  };

  readonly #onRejected = (error: unknown): void => {
    if (this.#isFinished || (this.#isSettled && this.#body.isLeft))
      this.environ["wsgi.errors"].write(`${String(error)}\n`);
    else this.#fail(error);
  };

  /** The gateway takes no more of the body: it has all that Content-Length says, or nobody is there any more. */
  readonly #onLeft = (): void => {
    if (!this.#reader.complete && !this.#isFinished) this.#socket.destroy();
  };

  readonly #onFinish = (): void => {
    this.#isFinished = true;
    const { response, request } = this;
    response.detachSocket(this.#socket as unknown as Socket);
    this.#body.end();
    if (!this.#isReading) {
      this.#endInput();
      if (!request.readableDidRead) request.resume();
    }
    process.nextTick(this.#close);
  };

  /** The response's `close` follows that of its socket. */
  readonly #close = (): void => {
    this.#socket.destroy();
    this.response.assignSocket(this.#socket as unknown as Socket);
    this.#socket.on("close", this.#detach);
  };

  readonly #detach = (): void => {
    this.response.detachSocket(this.#socket as unknown as Socket);
  };

  readonly #onClose = (): void => {
    if (!this.#isFinished) this.request.destroy(reset());
  };

  readonly #onInput = (bytes: Buffer): void => {
    this.#socket.read_(bytes.length);
    if (!this.request.push(bytes)) this.environ["wsgi.input"].pause();
  };

  readonly #onInputEnd = (): void => this.#endInput();

  readonly #onInputError = (error: unknown): void => {
    if (this.#isFinished) this.request.destroy(reset());
    else this.#fail(error);
  };

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.request.complete = true;
    this.request.push(null);
  }
}

/** As node:http says that the client has gone. */
function reset(): Error {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}

function makeRequest(environ: Environ, socket: Socket): IncomingMessage {
  const request: IncomingMessage & MountedRequest = new IncomingMessage(socket);
  const { headers, rawHeaders } = requestHeaders(environ);
  const { url, baseUrl, originalUrl } = requestTarget(environ);
  const version = environ.SERVER_PROTOCOL.slice(5);
  request.method = environ.REQUEST_METHOD;
  request.url = url;
  if (baseUrl !== undefined) request.baseUrl = baseUrl;
  if (originalUrl !== undefined) request.originalUrl = originalUrl;
  request.headers = headers;
  request.rawHeaders = rawHeaders;
  request.httpVersion = version;
  request.httpVersionMajor = Number(version.charAt(0));
  request.httpVersionMinor = Number(version.charAt(2));
  return request;
}

function makeResponse(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  // The web server adds it. A date that the application sets stays.
  response.sendDate = false;
  return response;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
