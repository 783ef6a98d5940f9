// One AJP connection: what each packet means. A request follows the other; a packet of data has nothing that says what
// it is, so it has to be known when one is on its way.

import type { Socket } from "node:net";
import { ProtocolError } from "../errors.ts";
import { deferredEnviron } from "../gateway/deferred-environ.ts";
import { printable } from "../gateway/log.ts";
import type { HandOver } from "../gateway/protocol-server.ts";
import { refuse } from "../gateway/respond.ts";
import type { Environ } from "../gateway/types.ts";
import { DATA_PACKET_OVERHEAD, Magic, PacketType } from "../protocols/ajp13/constants.ts";
import { dataStart } from "../protocols/ajp13/data-packet.ts";
import { PacketDecoder } from "../protocols/ajp13/packet-decoder.ts";
import { encodeCPong, encodeGetBodyChunk } from "../protocols/ajp13/response-packets.ts";
import type { AjpContext } from "./ajp-context.ts";
import { AjpRequest } from "./ajp-request.ts";
import { AjpVariables } from "./ajp-variables.ts";
import type { Connection } from "./connection-server.ts";
import { closeAfterwards, NEXT_REQUEST_MS, whenTimeIsOver } from "./linger.ts";
import { runRequest } from "./run-request.ts";
import { SocketWriter } from "./socket-writer.ts";

/** As for FastCGI: a connection without a request yet may still bring one when the server stops, in milliseconds. */
const FIRST_REQUEST_MS = 1_000;

const CPONG = encodeCPong();

export class AjpConnection implements Connection {
  readonly writer: SocketWriter;
  readonly #socket: Socket;
  readonly #context: AjpContext;
  readonly #decoder: PacketDecoder;
  #request: AjpRequest | undefined;
  /** A data packet is on its way: the first one of a body, which comes unasked, or the one that was asked for last. */
  #owed = false;
  /** No request is taken any more; the socket closes once the one in progress is answered. */
  #closing = false;
  /** Packets are being taken from bytes that have arrived; whether to close is decided behind the last of them. */
  #decoding = false;
  /** No request has come yet. */
  #fresh = true;
  /** The server is stopping, and takes a connection that the peer keeps elsewhere. */
  #handOver: HandOver | undefined;

  constructor(socket: Socket, context: AjpContext) {
    this.#socket = socket;
    this.writer = new SocketWriter(socket);
    this.#context = context;
    this.#decoder = new PacketDecoder(Magic.Server, context.maxPacketBytes, this.#takePacket);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#onDrain);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Another request may follow the one in progress. A data packet on its way does not matter: it is known to come. */
  get reusable(): boolean {
    return !this.#closing && (!this.#context.draining || this.#handOver !== undefined);
  }

  /** Asks for up to `missing` bytes of a body, unless some are on their way already. */
  askForBody(missing: number): void {
    if (this.#owed) return;
    this.#owed = true;
    this.writer.send(
      encodeGetBodyChunk(Math.min(missing, this.#context.maxPacketBytes - DATA_PACKET_OVERHEAD)),
    );
  }

  /** The request in progress was answered; `reuse` says whether another one may follow. */
  finish(reuse: boolean): void {
    this.#request = undefined;
    if (!reuse) this.#closing = true;
    this.#closeWhenDone();
  }

  drain(handOver?: HandOver): void {
    if (handOver !== undefined && !this.#closing) {
      this.#handOver = handOver;
      handOver(this.#socket, this.#isIdle);
      return;
    }
    if (this.#request !== undefined) return;
    const patience = this.#fresh ? FIRST_REQUEST_MS : NEXT_REQUEST_MS;
    whenTimeIsOver(patience, () => this.#request ?? this.#close());
  }

  destroy(reason: Error): void {
    this.#abandon(reason);
    this.#socket.destroy();
  }

  /** No byte went either way for `idleTimeoutMs`: whose turn is it? */
  idle(): void {
    const request = this.#request;
    if (request !== undefined && !this.#socket.writableNeedDrain && !request.body.awaited) return;
    if (request !== undefined) this.#context.log("error", "closed an AJP connection whose peer has stalled");
    this.destroy(new ProtocolError("BODY_TIMEOUT", "the web server stalled in the middle of a request"));
  }

  /** Whoever goes on with this connection begins at the beginning of a request, and owes the peer nothing. */
  readonly #isIdle = (): boolean =>
    this.#request === undefined &&
    !this.#decoding &&
    !this.#closing &&
    !this.#owed &&
    this.#decoder.atBoundary &&
    this.#socket.writableLength === 0;

  readonly #onData = (bytes: Buffer): void => {
    this.#decoding = true;
    try {
      if (!this.#isDone) this.#decoder.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const line = `closed an AJP connection: ${error.message}`;
      // A request in progress has been counted as one.
      if (this.#request === undefined) this.#context.refused(line);
      else this.#context.log("error", line);
      this.destroy(error);
    }
    this.#decoding = false;
    this.#closeWhenDone();
  };

  readonly #takePacket = (bytes: Buffer, start: number, end: number): void => {
    if (this.#isDone) return;
    if (this.#owed) {
      const from = dataStart(bytes, start, end);
      this.#owed = false;
      // What an application has left unread is dropped, so that it is not taken for the next request.
      this.#request?.giveInput(bytes.subarray(from, end));
      return;
    }
    // lighttpd sends one behind each request without a body.
    if (start === end) return;
    if (this.#request !== undefined) {
      throw new ProtocolError(
        "AJP_UNASKED",
        "a packet came in the middle of a request, which nobody asked for",
      );
    }
    this.#hold();
    switch (bytes[start]) {
      case PacketType.ForwardRequest:
        this.#begin(bytes, start, end);
        return;
      case PacketType.CPing:
        this.writer.send(CPONG);
        return;
      case PacketType.Shutdown:
        throw new ProtocolError("AJP_PACKET_TYPE", "a peer asked the server to shut down, which is refused");
      default:
        throw new ProtocolError(
          "AJP_PACKET_TYPE",
          `a packet of type ${bytes[start]} came where a request may begin`,
        );
    }
  };

  #begin(bytes: Buffer, start: number, end: number): void {
    const context = this.#context;
    const request = new AjpRequest(this, context);
    this.#request = request;
    this.#fresh = false;
    const limit = context.maxParamsBytes;
    if (end - start > limit) {
      context.refused(`refused a request whose head is longer than ${limit} bytes ("maxParamsBytes")`);
      this.#refuse(request, "431 Request Header Fields Too Large");
      return;
    }
    const variables = this.#decode(request, bytes, start, end);
    if (variables === undefined) return;
    const { method, uri, secret } = variables.fields;
    request.method = method;
    request.path = uri;
    if (context.secret?.matches(secret) === false) {
      context.refused(
        'refused an AJP request that has not the secret of option "secret"; ProxyPass takes it as secret=',
      );
      this.#refuse(request, "403 Forbidden");
      return;
    }
    if (context.counters.active >= context.maxConcurrent) {
      context.refused(`refused a request: more than ${context.maxConcurrent} at once ("maxConcurrent")`);
      this.#refuse(request, "503 Service Unavailable");
      return;
    }
    let environ: Environ;
    let bodyLength: number | undefined;
    try {
      environ = deferredEnviron(variables, request, context.environ);
      bodyLength = variables.bodyLength;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuseBad(request, error);
      return;
    }
    if (bodyLength !== undefined && bodyLength > context.maxBodyBytes) {
      context.refused(`refused a body of ${bodyLength} bytes ("maxBodyBytes" is ${context.maxBodyBytes})`);
      this.#refuse(request, "413 Content Too Large");
      return;
    }
    this.#owed = bodyLength !== undefined && bodyLength > 0;
    request.startBody(bodyLength);
    runRequest(request, environ, context);
  }

  /** Undefined when the request was refused. What cannot be read at all gets no answer: it may be no request. */
  #decode(request: AjpRequest, bytes: Buffer, start: number, end: number): AjpVariables | undefined {
    try {
      return new AjpVariables(bytes, start, end, this.#context.names);
    } catch (error) {
      const incomplete =
        error instanceof ProtocolError && (error.code === "AJP_METHOD" || error.code === "AJP_URI");
      if (!incomplete) throw error;
      this.#refuseBad(request, error);
      return undefined;
    }
  }

  #refuseBad(request: AjpRequest, error: ProtocolError): void {
    this.#context.refused(`refused an AJP request: ${printable(error.message)}`);
    this.#refuse(request, "400 Bad Request");
  }

  /** Answers in our own name and takes no more from this connection, on which the refused body may be on its way. */
  #refuse(request: AjpRequest, status: string): void {
    this.#closing = true;
    this.#owed = true;
    refuse(request, request.method, status);
  }

  /** A peer that does not read its answers gets no more of them: its packets wait, not our answers to them. */
  #hold(): void {
    if (!this.writer.writable) this.#socket.pause();
  }

  /** As for FastCGI: a peer that has ended its side may still wait for the answer to a request that was complete. */
  readonly #onEnd = (): void => {
    const request = this.#request;
    if (this.#fresh && !this.#decoder.atBoundary)
      this.#context.refused("closed an AJP connection that ended inside the head of a request");
    this.#closing = true;
    this.#owed = false;
    if (request?.inputEnded === true) request.cancellation.abort(peerGone());
    else if (request !== undefined) this.#abandon(peerGone());
    this.#closeWhenDone();
  };

  readonly #onClose = (): void => {
    if (this.#request !== undefined) this.#abandon(peerGone());
    this.writer.wake();
  };

  readonly #onError = (error: Error): void => {
    this.#context.log("debug", `an AJP connection failed: ${error.message}`);
  };

  readonly #onDrain = (): void => {
    this.#socket.resume();
    this.writer.wake();
  };

  #abandon(reason: Error): void {
    this.#request?.abandon(reason);
    this.#request = undefined;
  }

  get #isDone(): boolean {
    return this.#closing && this.#request === undefined;
  }

  #closeWhenDone(): void {
    if (this.#request !== undefined || this.#decoding) return;
    if (this.#closing) this.#close();
    else this.#handOver?.(this.#socket, this.#isIdle);
  }

  #close(): void {
    this.#closing = true;
    closeAfterwards(this.#socket, this.#owed);
  }
}

/** With a trace, which costs something: only for who is told. */
function peerGone(): ProtocolError {
  return new ProtocolError("PEER_GONE", "the web server closed the connection");
}
