// One request of a gateway, run through a listener that expects node:http's objects.

import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { inspect } from "node:util";
import { ApplicationError } from "../../errors.ts";
import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Body, Environ, StartResponse } from "../../gateway/types.ts";
import { GatewaySocket, type Piece, type SocketOwner } from "./gateway-socket.ts";
import type { NodeListener } from "./node-listener.ts";
import { fillRequest } from "./request-fields.ts";
import { ResponseBody } from "./response-body.ts";
import { ResponseReader } from "./response-reader.ts";

/** Who pauses longer than this behind the response has stopped reading. */
const MAX_PAUSE_MS = 1000;

export class NodeExchange implements SocketOwner {
  readonly environ: Environ;
  readonly #listener: NodeListener;
  readonly #startResponse: StartResponse;
  readonly #socket: GatewaySocket;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #reader: ResponseReader;
  /** The application's promise of a body, where the listener did not answer at once, and that body. */
  #promise: { resolve(body: Body): void; reject(error: unknown): void } | undefined;
  #body: ResponseBody | undefined;
  /** The gateway has the body, or has been told that there will be none. */
  #isSettled = false;
  /** The response is complete, and waits for the application to read the request. */
  #isHeld = false;
  /** Runs from each pause of who reads behind the response. */
  #pause: NodeJS.Timeout | undefined;
  /** `finish` was emitted. */
  #isFinished = false;
  /** Why there will be no complete response. */
  #failure: { readonly error: unknown } | undefined;
  /** The request's body is taken from `wsgi.input`. */
  #isReading = false;
  #inputEnded = false;

  constructor(environ: Environ, startResponse: StartResponse, listener: NodeListener) {
    this.environ = environ;
    this.#startResponse = startResponse;
    this.#listener = listener;
    this.#reader = new ResponseReader(environ, listener);
    this.#socket = new GatewaySocket(this, listener.server);
    const timeout = listener.server?.timeout ?? 0;
    if (timeout > 0) this.#socket.setTimeout(timeout);
    this.#request = listener.createRequest(this.#asSocket);
    fillRequest(this.#request, environ);
    this.#response = listener.createResponse(this.#request);
    // The web server adds it. A date that the application sets stays.
    this.#response.sendDate = false;
    // In front of the response's own listener: the request hears of it first.
    this.#socket.on("close", onClose);
    this.#response.assignSocket(this.#asSocket);
    this.#response.on("finish", onFinish);
  }

  run(): Body | Promise<Body> {
    let answer: unknown;
    try {
      answer = this.#listener.call(this.#request, this.#response);
    } catch (error) {
      this.#isSettled = true;
      this.#socket.destroy();
      throw error;
    }
    if (isThenable(answer)) answer.then(undefined, (error: unknown) => this.#onRejected(error));
    const reader = this.#reader;
    const hasHead = reader.status !== "";
    if (hasHead && (this.#response.writableEnded || reader.complete) && !this.#isConsuming) {
      this.#isSettled = true;
      this.#startResponse(reader.status, reader.headers);
      return reader.takeBody();
    }
    if (this.#failure !== undefined && !hasHead) throw this.#failure.error;
    this.#body = new ResponseBody(reader, () => this.#onLeft());
    return new Promise<Body>((resolve, reject) => {
      this.#promise = { resolve, reject };
      process.nextTick(readAhead, this);
      // Many answer before that, and to make the signal costs as much as to make the response.
      setImmediate(watch, this);
      if (this.#failure !== undefined) this.#body?.fail(this.#failure.error);
      if (hasHead) this.#settle();
    });
  }

  /** As node:http, which has the beginning of a body before anybody asks for it. */
  readAhead(): void {
    if (this.#isFinished || this.#isReading) return;
    const input: Input = this.environ["wsgi.input"];
    const isEmpty =
      this.environ.CONTENT_LENGTH === "0" || (input.complete === true && input.readableLength === 0);
    if (isEmpty) this.#endInput();
    else this.wantInput();
  }

  /** Hears from now on when the request is aborted, and of what was before. */
  watch(): void {
    if (this.#isFinished || this.#failure !== undefined) return;
    try {
      const signal = this.environ["postern.signal"];
      const abort = (): void => {
        if (!this.#isFinished) this.#fail(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    } catch (error) {
      // Nobody is above it: an environ without a signal would end the process.
      this.#fail(error);
    }
  }

  wantInput(): void {
    const input = this.environ["wsgi.input"];
    if (this.#isReading) {
      if (!this.#inputEnded) input.resume();
      return;
    }
    if (this.#inputEnded || this.#socket.destroyed) return;
    // Somebody in front of the bridge has had the body: nothing more is emitted.
    if (input.readableEnded) {
      this.#endInput();
      return;
    }
    if (input.destroyed) {
      this.#onInputError(input.errored ?? closedInput());
      return;
    }
    this.#isReading = true;
    input.on("data", (bytes: Buffer) => {
      this.#socket.addRead(bytes.length);
      if (!this.#request.push(bytes)) input.pause();
    });
    input.on("end", () => this.#endInput());
    input.on("error", (error) => this.#onInputError(error));
    input.on("close", () => this.#onInputError(closedInput()));
  }

  takeOutput(pieces: readonly Piece[], done: () => void): void {
    try {
      for (const { chunk, encoding } of pieces) this.#reader.take(chunk, encoding);
    } catch (error) {
      this.#fail(error);
      done();
      return;
    }
    const body = this.#body;
    // The listener runs: what it writes is collected.
    if (body === undefined) {
      if (this.#isSettled) this.#reader.takeChunks();
      done();
      return;
    }
    if (!this.#isSettled && this.#reader.status !== "") this.#settle();
    // What is complete and held back stays where it is. Of an interim response nothing is left that anybody could ask for.
    if (this.#isWaiting || (this.#reader.status === "" && !this.#isSettled)) done();
    else body.written(done);
  }

  drained(): void {
    const response = this.#response;
    const socket = this.#asSocket;
    if (response.socket !== socket || response.writableEnded) return;
    // What a response writes while it has no socket goes out when it gets one, and `drain` is emitted behind it.
    response.detachSocket(socket);
    ServerResponse.prototype.flushHeaders.call(response);
    response.assignSocket(socket);
  }

  ended(error?: Error | null): void {
    if (this.#isWaiting) this.#release();
    if (this.#isFinished) return;
    const message = "the application closed its connection before the response was complete";
    this.#fail(new ApplicationError("RESPONSE_DESTROYED", message, error ? { cause: error } : undefined));
  }

  timedOut(): void {
    const socket = this.#socket;
    const request = this.#request;
    const response = this.#response;
    // As in node:http, who listens to the socket alone keeps nothing open.
    socket.emit("timeout");
    const wasHeard = [
      !request.complete && request.emit("timeout", socket),
      response.socket !== null && response.emit("timeout", socket),
      this.#listener.server?.emit("timeout", socket) === true,
    ];
    if (!wasHeard.includes(true)) socket.destroy();
  }

  /** `finish` of the response, in front of the application's own listeners. */
  finish(): void {
    this.#isFinished = true;
    this.#response.detachSocket(this.#asSocket);
    if (!this.#isReading) this.#request.complete = true;
    this.#body?.end();
    process.nextTick(close, this);
  }

  /** Behind the response: its connection closes, and the request ends. */
  close(): void {
    const response = this.#response;
    const socket = this.#socket;
    // Who reads on behind the response asks the socket for more.
    if (!this.#isWaiting) socket.destroy();
    // A response closes with the socket that it has.
    if (response.socket === null) response.assignSocket(this.#asSocket);
    socket.close();
    if (!this.#isReading) this.#endInput();
    const request = this.#request;
    // What nobody has read is read to its end, so that the request closes.
    if (request.readableFlowing === null && request.listenerCount("readable") === 0) request.resume();
  }

  /** `close` of the socket, in front of the response's. */
  closed(): void {
    if (this.#isFinished) (this.#response as { socket: Socket | null }).socket = null;
    else this.#request.destroy(reset());
  }

  get #asSocket(): Socket {
    return this.#socket as unknown as Socket;
  }

  /**
   * The application reads on behind its response, which therefore waits: a web server that has the whole response sends
   * no more of the request. A body that flows past nobody, as behind a body parser that has refused it, is not waited for.
   */
  get #isConsuming(): boolean {
    const request = this.#request;
    if (this.#inputEnded || request.destroyed || this.#socket.destroyed) return false;
    if (request.listenerCount("readable") > 0) return true;
    return (
      request.readableFlowing === true && request.listenerCount("data") + request.listenerCount("end") > 0
    );
  }

  /** The response is complete, and is not given away yet. */
  get #isWaiting(): boolean {
    return this.#isHeld && !this.#isSettled;
  }

  /** The head has come, and with it perhaps the whole response. */
  #settle(): void {
    const reader = this.#reader;
    const body = this.#body;
    if (body === undefined) return;
    const isComplete = reader.complete || this.#isFinished;
    if (isComplete && this.#isConsuming) {
      if (this.#isHeld) return;
      this.#isHeld = true;
      this.#request.on("pause", () => this.#onPause());
      this.#request.once("close", () => this.#release());
      return;
    }
    try {
      this.#startResponse(reader.status, reader.headers);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#isSettled = true;
    if (isComplete) {
      body.leave();
      this.#promise?.resolve(reader.takeBody());
      return;
    }
    // A head alone: flushHeaders() was called.
    if (reader.chunks.length === 0) reader.chunks.push(EARLY_HEAD);
    this.#promise?.resolve(body);
  }

  /** Of somebody who still listens it is a breath, such as a pipe takes into a file that is slower. */
  #onPause(): void {
    if (!this.#isWaiting) return;
    if (this.#request.listenerCount("data") === 0) this.#release();
    else if (this.#pause !== undefined) this.#pause.refresh();
    // It keeps the process: a CGI script has nothing else to wait for, and would end without its answer.
    else this.#pause = setTimeout(() => this.#release(), MAX_PAUSE_MS);
  }

  /** The application has stopped reading behind its response. */
  #release(): void {
    if (!this.#isWaiting) return;
    this.#settle();
    if (this.#isWaiting) return;
    clearTimeout(this.#pause);
    if (this.#isFinished) this.#socket.destroy();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    if (!this.#isSettled && this.#promise !== undefined) {
      this.#isSettled = true;
      this.#promise.reject(error);
    }
    this.#body?.fail(error);
    this.#socket.destroy();
  }

  /** The listener is an async function that failed. */
  #onRejected(error: unknown): void {
    if (this.#response.writableEnded) this.environ["wsgi.errors"].write(`${inspect(error)}\n`);
    else this.#fail(error);
  }

  /** The gateway takes no more of the body: it has all that Content-Length says, or nobody is there any more. */
  #onLeft(): void {
    if (!this.#reader.complete && !this.#isFinished) this.#socket.destroy();
  }

  #onInputError(error: unknown): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    if (this.#isFinished) this.#request.destroy(reset());
    else this.#fail(error);
    this.#release();
  }

  #endInput(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#request.complete = true;
    this.#request.push(null);
    if (this.#reader.status !== "" && this.#promise !== undefined) this.#release();
  }
}

/** `wsgi.input` of our servers says when nothing more can come. */
interface Input {
  readonly readableLength: number;
  readonly complete?: boolean;
}

// Shared by all requests: a function for each would cost more than what it does.

function onClose(this: GatewaySocket): void {
  (this.owner as NodeExchange).closed();
}

function onFinish(this: ServerResponse): void {
  ((this.req.socket as unknown as GatewaySocket).owner as NodeExchange).finish();
}

function close(exchange: NodeExchange): void {
  exchange.close();
}

function watch(exchange: NodeExchange): void {
  exchange.watch();
}

function readAhead(exchange: NodeExchange): void {
  exchange.readAhead();
}

function closedInput(): ApplicationError {
  return new ApplicationError("INPUT_CLOSED", "wsgi.input was destroyed");
}

/** As node:http says that the client has gone. */
function reset(): Error {
  return Object.assign(new Error("aborted"), { code: "ECONNRESET" });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
