import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ProtocolError } from "../errors.ts";
import { cutConnection } from "../gateway/cut-connection.ts";
import { HeldResponse } from "../gateway/held-response.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import { RequestBody } from "./request-body.ts";

/** How long the rest of a body that nobody read may take before its connection is closed, in milliseconds. */
const LEFTOVER_MS = 2_000;

/** One HTTP request and the response to it. */
export class HttpExchange extends HeldResponse implements ResponseSink {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly body: RequestBody;
  readonly cancellation = new AbortController();
  /** The connection is closed behind the response. */
  last = false;

  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;
  #waiting: (() => void)[] = [];
  #reading = false;
  #over = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    maxBodyBytes: number,
    expectsContinue: boolean,
  ) {
    super();
    this.request = request;
    this.socket = request.socket;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    this.body = new RequestBody(maxBodyBytes, this.#onRoom);
    const { "content-length": length, "transfer-encoding": coding } = request.headers;
    if (coding === undefined) this.body.expect(Number(length ?? 0));
  }

  get closed(): boolean {
    return this.#over || this.socket.destroyed;
  }

  /** The response's head has gone out. */
  get begun(): boolean {
    return this.#response.headersSent;
  }

  /** The peer is waited for: for the rest of the body, or to read the response, which may be complete. */
  get stalled(): boolean {
    return this.#over || this.body.awaited || this.#response.writableNeedDrain;
  }

  flush(): boolean {
    const hasHead = this.#writeHead();
    const chunks = this.takeChunks();
    for (const chunk of chunks) this.#response.write(chunk);
    if (hasHead && chunks.length === 0) this.#response.flushHeaders();
    return !this.#response.writableNeedDrain;
  }

  drained(): Promise<void> {
    if (this.closed || !this.#response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) this.#response.once("drain", this.#wake);
    });
  }

  end(): void {
    this.#writeHead();
    const chunks = this.takeChunks();
    const last = chunks.pop();
    for (const chunk of chunks) this.#response.write(chunk);
    this.#over = true;
    this.#response.end(last, this.#onSent);
    this.body.leave();
    if (this.#reading) this.request.resume();
  }

  /** Without the last chunk, and without the rest of a Content-Length, the client sees that something is missing. */
  cut(): void {
    this.flush();
    this.#over = true;
    this.body.leave();
    cutConnection(this.socket, this.request.httpVersion);
  }

  /** The connection has closed, or is about to: whatever still waits for it is woken. */
  abandon(reason: Error): void {
    this.#over = true;
    this.body.fail(reason);
    this.cancellation.abort(reason);
    this.#wake();
  }

  /** Called at the end of the response, whichever end it was. */
  onClose(): void {
    this.#wake();
    if (this.#response.writableFinished) return;
    this.abandon(new ProtocolError("PEER_GONE", "the client closed the connection"));
  }

  /**
   * Behind a response that is still going out Node would send "100 Continue" between the head and the body of this one.
   * There its client gets none, and sends its body by itself (RFC 9110 §10.1.1).
   */
  get #mayContinue(): boolean {
    const { headersSent, socket } = this.#response;
    return this.#expectsContinue && !headersSent && socket !== null;
  }

  /** False where there is none that was not written. */
  #writeHead(): boolean {
    const head = this.takeHead();
    if (head === undefined) return false;
    const flat = head.headers.flat();
    if (this.last) flat.push("Connection", "close");
    this.#response.writeHead(head.code, head.status.slice(4), flat);
    return true;
  }

  readonly #wake = (): void => {
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  // The body is not touched before the application asks for it.
  readonly #onRoom = (): void => {
    const { request, body } = this;
    if (this.#reading) {
      if (!body.full) request.resume();
      return;
    }
    if (body.destroyed || body.complete) return;
    this.#reading = true;
    if (this.#mayContinue) this.#response.writeContinue();
    request.on("data", (bytes: Buffer) => {
      body.give(bytes);
      if (body.full) request.pause();
    });
    request.on("end", () => body.finish());
    request.on("error", () => {});
  };

  /** The response is out, however slowly it was read; the rest of the request's body is waited for a while. */
  readonly #onSent = (): void => {
    const { request, socket } = this;
    if (request.complete || socket.destroyed) return;
    setTimeout(() => request.complete || socket.destroy(), LEFTOVER_MS).unref();
  };
}
