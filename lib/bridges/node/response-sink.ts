import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { ProtocolError } from "../../errors.ts";
import { cutConnection } from "../../gateway/cut-connection.ts";
import { HeldResponse } from "../../gateway/held-response.ts";
import type { ResponseSink } from "../../gateway/sink.ts";
import type { Header } from "../../gateway/types.ts";
import { RequestInput } from "./request-input.ts";

/** RFC 9113 §7. */
const INTERNAL_ERROR = 2;

/** What HTTP/2 has in place of a connection. */
interface Http2Response extends ServerResponse {
  readonly stream: ServerHttp2Stream;
}

/** Writes the response of a gateway application to a response of node:http, or of its namesake for HTTP/2. */
export class NodeSink extends HeldResponse implements ResponseSink {
  readonly cancellation = new AbortController();
  readonly input: RequestInput;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #waiting: (() => void)[] = [];
  /** A write has said so: what stands in front of the response, such as a compression, has room of its own. */
  #isFull = false;
  #isOver = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    super();
    this.#request = request;
    this.#response = response;
    this.input = new RequestInput(request);
    response.on("drain", this.#wake);
    response.once("close", this.#onClose);
    // A client that goes is told by `close`.
    response.on("error", () => {});
  }

  get closed(): boolean {
    return this.#isOver || this.#response.destroyed;
  }

  flush(): boolean {
    const hasHead = this.#writeHead();
    const chunks = this.takeChunks();
    for (const chunk of chunks) {
      if (!this.#response.write(chunk)) this.#isFull = true;
    }
    if (hasHead && chunks.length === 0) this.#response.flushHeaders();
    return !this.#isFull;
  }

  drained(): Promise<void> {
    if (this.closed || !this.#isFull) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.#writeHead();
    const chunks = this.takeChunks();
    const last = chunks.pop();
    for (const chunk of chunks) this.#response.write(chunk);
    this.#isOver = true;
    this.#response.end(last);
    this.input.leave();
  }

  /** Without the last chunk, and without the rest of a Content-Length, the client sees that something is missing. */
  cut(): void {
    this.flush();
    this.#isOver = true;
    this.input.leave();
    if (this.#isHttp2) this.#reset();
    else if (this.#response.socket !== null) cutConnection(this.#response.socket, this.#request.httpVersion);
  }

  get #isHttp2(): boolean {
    return this.#request.httpVersionMajor >= 2;
  }

  /** Of HTTP/2's streams: one that is merely destroyed says that all is well. */
  #reset(): void {
    (this.#response as Http2Response).stream.close(INTERNAL_ERROR);
  }

  /** False where there is none that was not written. */
  #writeHead(): boolean {
    const head = this.takeHead();
    if (head === undefined) return false;
    const { code, status } = head;
    const response = this.#response;
    try {
      const headers = this.#isFirst ? head.headers.flat() : this.#addHeaders(head.headers);
      // HTTP/2 has no reason phrases.
      if (this.#isHttp2) response.writeHead(code, headers);
      else response.writeHead(code, status.slice(4), headers);
    } catch (error) {
      // Somebody else has sent a head, or HTTP/2 knows no such status: there is no other answer to give.
      this.#isOver = true;
      if (this.#isHttp2) this.#reset();
      else response.destroy();
      throw error;
    }
    return true;
  }

  /** Nobody has set a header in front of the application, as Express does. */
  get #isFirst(): boolean {
    return this.#response.getHeaderNames().length === 0;
  }

  /**
   * Headers of the application replace those of the same name, which writeHead() does not do with repeated ones. What adds up,
   * cookies and what a response depends on, is added.
   */
  #addHeaders(headers: readonly Header[]): [] {
    const seen = new Set<string>();
    for (const [name, value] of headers) {
      const lower = name.toLowerCase();
      if (seen.has(lower) || lower === "set-cookie" || lower === "vary")
        this.#response.appendHeader(name, value);
      else this.#response.setHeader(name, value);
      seen.add(lower);
    }
    return [];
  }

  readonly #wake = (): void => {
    this.#isFull = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  readonly #onClose = (): void => {
    this.#wake();
    // A stream of HTTP/2 that was reset is finished too.
    if (this.#isOver && this.#response.writableFinished) return;
    this.#isOver = true;
    const reason = new ProtocolError("PEER_GONE", "the client closed the connection");
    this.input.fail(reason);
    this.cancellation.abort(reason);
  };
}
