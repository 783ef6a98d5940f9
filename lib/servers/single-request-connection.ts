// One connection of a protocol in which it carries one request: variables, a body of CONTENT_LENGTH bytes, a response
// that ends with the connection. SCGI and uwsgi have that life in common.

import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { ProtocolError } from "../errors.ts";
import { deferredEnviron } from "../gateway/deferred-environ.ts";
import { contentLengthOf, type GatewayValues } from "../gateway/environ.ts";
import type { ErrorStream } from "../gateway/error-stream.ts";
import type { ResponseHead } from "../gateway/head.ts";
import type { HandOver } from "../gateway/protocol-server.ts";
import { refuse } from "../gateway/respond.ts";
import type { Chunk, Environ } from "../gateway/types.ts";
import { RequestVariables, type Variable, variableNamed } from "../gateway/variables.ts";
import type { CountedBlockDecoder } from "../protocols/counted-block-decoder.ts";
import { KnownNames, type Pairs } from "../protocols/known-names.ts";
import type { Connection } from "./connection-server.ts";
import type { ServerContext } from "./context.ts";
import { closeAfterwards } from "./linger.ts";
import { PendingResponse } from "./pending-response.ts";
import { RequestBody } from "./request-body.ts";
import { runRequest, type ServedRequest } from "./run-request.ts";
import { SocketWriter } from "./socket-writer.ts";

/** What such a protocol has of its own. */
export interface SingleRequestProtocol {
  /** With its article, for lines of the log: `an SCGI`. */
  readonly name: string;
  /** Makes what reads the variables; its `push` throws a ProtocolError, of code `PARAMS_TOO_LARGE` past `maxBytes`. */
  createDecoder(maxBytes: number, names: KnownNames<Variable>, pairs: Pairs<Variable>): CountedBlockDecoder;
  encodeHead(status: string, headers: ResponseHead["headers"]): string;
}

const names = new KnownNames(variableNamed);

/** As for FastCGI: a connection without a request yet may still bring one when the server stops, in milliseconds. */
const FIRST_REQUEST_MS = 1_000;

export class SingleRequestConnection implements Connection, ServedRequest, GatewayValues {
  readonly multithread = true;
  readonly runOnce = false;
  readonly cancellation = new AbortController();
  readonly #socket: Socket;
  readonly #writer: SocketWriter;
  readonly #context: ServerContext;
  readonly #protocol: SingleRequestProtocol;
  readonly #decoder: CountedBlockDecoder;
  readonly #variables = new RequestVariables();
  readonly #body: RequestBody;
  readonly #response = new PendingResponse();
  /** No byte has come yet. */
  #fresh = true;
  /** The application has been called, or the request was refused. */
  #started = false;
  /**
   * Bytes of the body that have not come yet; below zero when more came than belong to it. What else is on its way
   * must not be left unread, or the response might be lost.
   */
  #missing = Number.POSITIVE_INFINITY;
  #paused = false;
  /** The response is out, or none can be sent any more. */
  #over = false;

  constructor(socket: Socket, context: ServerContext, protocol: SingleRequestProtocol) {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket);
    this.#context = context;
    this.#protocol = protocol;
    this.#decoder = protocol.createDecoder(context.maxParamsBytes, names, this.#variables);
    this.#body = new RequestBody(context.maxBodyBytes, this.#onRoom);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#wake);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  drain(handOver?: HandOver): void {
    if (this.#fresh && handOver !== undefined) handOver(this.#socket, () => this.#fresh);
    else if (!this.#started)
      setTimeout(() => this.#started || this.#socket.destroy(), FIRST_REQUEST_MS).unref();
  }

  destroy(reason: Error): void {
    this.#abandon(reason);
    this.#socket.destroy();
  }

  /** No byte went either way for `idleTimeoutMs`: whose turn is it? */
  idle(): void {
    const waits = !this.#started || this.#body.awaited || this.#socket.writableNeedDrain;
    if (!this.#over && !waits) return;
    if (!this.#over && !this.#fresh)
      this.#context.log("error", `closed ${this.#protocol.name} connection whose peer has stalled`);
    this.destroy(new ProtocolError("BODY_TIMEOUT", "the web server stalled in the middle of a request"));
  }

  get closed(): boolean {
    return this.#over || this.#socket.destroyed;
  }

  get input(): Readable {
    return this.#body.stream;
  }

  get multiprocess(): boolean {
    return this.#context.multiprocess;
  }

  get errors(): ErrorStream {
    return this.#context.errors;
  }

  head(head: ResponseHead): void {
    this.#response.addHead(this.#protocol.encodeHead(head.status, head.headers));
  }

  write(chunk: Chunk, size: number): void {
    this.#response.add(chunk, size);
  }

  flush(): boolean {
    if (!this.closed) this.#response.writeTo(this.#socket);
    return this.#writer.hasRoom;
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  end(): void {
    if (this.closed) return;
    this.#response.writeTo(this.#socket);
    this.#body.leave();
    this.#close();
  }

  /**
   * The end of the connection is all that can tell a cut response from a complete one. Over TCP it is a reset, which
   * nginx, Apache and lighttpd notice; over a unix socket a cut response shows in its Content-Length, or nowhere.
   */
  cut(): void {
    if (this.closed) return;
    this.#response.writeTo(this.#socket);
    this.#body.leave();
    // A unix socket's address is empty, and cannot be reset.
    if (!("address" in this.#socket.address())) {
      this.#close();
      return;
    }
    this.#over = true;
    this.#socket.resetAndDestroy();
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#fresh = false;
    if (this.#over) return;
    if (this.#started) {
      this.#giveBody(bytes);
      return;
    }
    let at: number;
    let environ: Environ;
    try {
      at = this.#decoder.push(bytes);
      if (!this.#decoder.complete) return;
      environ = deferredEnviron(this.#variables, this, this.#context.environ);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (error.code === "PARAMS_TOO_LARGE")
        this.#refuse("431 Request Header Fields Too Large", `${error.message} ("maxParamsBytes")`);
      else this.#refuse("400 Bad Request", error.message);
      return;
    }
    this.#start(environ, bytes.subarray(at));
  };

  /** The request is complete but for its body, of which `bytes` have come with it. */
  #start(environ: Environ, bytes: Buffer): void {
    const { counters, maxBodyBytes, maxConcurrent } = this.#context;
    const length = contentLengthOf(environ) ?? 0;
    this.#missing = length;
    if (length > maxBodyBytes) {
      this.#refuse(
        "413 Content Too Large",
        `its body has ${length} bytes ("maxBodyBytes" is ${maxBodyBytes})`,
      );
      return;
    }
    this.#body.expect(length);
    if (bytes.length > 0) this.#giveBody(bytes);
    if (counters.active >= maxConcurrent) {
      this.#refuse("503 Service Unavailable", `more than ${maxConcurrent} at once ("maxConcurrent")`);
      return;
    }
    this.#started = true;
    runRequest(this, environ, this.#context);
  }

  #giveBody(bytes: Buffer): void {
    this.#missing -= bytes.length;
    this.#body.give(bytes);
    if (!this.#body.full) return;
    this.#paused = true;
    this.#socket.pause();
  }

  /** Answers in our own name. */
  #refuse(status: string, reason: string): void {
    this.#started = true;
    this.#context.refused(`refused ${this.#protocol.name} request: ${reason}`);
    refuse(this, this.#variables.valueOf("REQUEST_METHOD"), status);
  }

  /** Reads on, unless the application does not keep up with its body. */
  readonly #onRoom = (): void => {
    if (!this.#paused || this.#body.full) return;
    this.#paused = false;
    this.#socket.resume();
  };

  /**
   * The peer has ended its side. If its request was complete it may still wait for the answer, and there is no way to
   * know but to write it; a request that was not complete never will be.
   */
  readonly #onEnd = (): void => {
    const complete = this.#missing <= 0;
    this.#missing = 0;
    if (this.#over) return;
    const reason = peerGone();
    if (complete) {
      this.cancellation.abort(reason);
      return;
    }
    if (!this.#started && !this.#fresh)
      this.#context.refused(
        `closed ${this.#protocol.name} connection that ended inside the variables of a request`,
      );
    this.#abandon(reason);
    this.#close();
  };

  readonly #onClose = (): void => {
    if (!this.#over) this.#abandon(peerGone());
    this.#wake();
  };

  readonly #onError = (error: Error): void => {
    this.#context.log("debug", `${this.#protocol.name} connection failed: ${error.message}`);
  };

  readonly #wake = (): void => this.#writer.wake();

  /** Nothing can be delivered any more; wakes an application that waits for its input or for `postern.signal`. */
  #abandon(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#body.fail(reason);
    this.cancellation.abort(reason);
  }

  #close(): void {
    this.#over = true;
    closeAfterwards(this.#socket, this.#missing !== 0);
  }
}

function peerGone(): ProtocolError {
  return new ProtocolError("PEER_GONE", "the web server closed the connection");
}
