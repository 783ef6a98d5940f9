// One FastCGI connection: what each record means for which request (specification §3–§5).

import type { Socket } from "node:net";
import { ProtocolError } from "../errors.ts";
import { deferredEnviron } from "../gateway/deferred-environ.ts";
import type { HandOver } from "../gateway/protocol-server.ts";
import { refuse } from "../gateway/respond.ts";
import type { Environ } from "../gateway/types.ts";
import { announcedLength } from "../gateway/variables.ts";
import {
  KEEP_CONNECTION,
  NULL_REQUEST_ID,
  ProtocolStatus,
  RecordType,
  Role,
} from "../protocols/fastcgi/constants.ts";
import { RecordDecoder } from "../protocols/fastcgi/record-decoder.ts";
import { endRequestText } from "../protocols/fastcgi/record-encoder.ts";
import type { Connection } from "./connection-server.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import { InputRun } from "./fcgi-input-run.ts";
import { answerManagement } from "./fcgi-management.ts";
import { FcgiRequest } from "./fcgi-request.ts";
import { closeAfterwards, NEXT_REQUEST_MS, whenTimeIsOver } from "./linger.ts";
import { runRequest } from "./run-request.ts";
import { SocketWriter } from "./socket-writer.ts";

/**
 * How long a connection that has brought no request yet may still bring one when the server stops, in milliseconds. A
 * web server connects when it has a request, so its first bytes are on their way.
 */
const FIRST_REQUEST_MS = 1_000;

export class FcgiConnection implements Connection {
  readonly writer: SocketWriter;
  readonly #socket: Socket;
  readonly #context: FcgiContext;
  readonly #decoder: RecordDecoder;
  readonly #requests = new Map<number, FcgiRequest>();
  /** Made with the first body. */
  #input: InputRun<FcgiRequest> | undefined;
  /** No request is taken any more; the socket closes once those in progress are answered. */
  #closing = false;
  /** STDIN of a request that was answered may still be on its way. */
  #unread = false;
  /** Records are being taken from bytes that have arrived; whether to close is decided behind the last of them. */
  #decoding = false;
  /** No request has come yet. */
  #fresh = true;
  /** The server is stopping, and takes a connection that the peer keeps elsewhere. */
  #handOver: HandOver | undefined;
  #paused = false;
  /** Reading waits until the peer has read what it was sent. */
  #held = false;

  constructor(socket: Socket, context: FcgiContext) {
    this.#socket = socket;
    this.writer = new SocketWriter(socket);
    this.#context = context;
    this.#decoder = new RecordDecoder(this.#takeRecord);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#onDrain);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  get maxBodyBytes(): number {
    return this.#context.maxBodyBytes;
  }

  get multiprocess(): boolean {
    return this.#context.multiprocess;
  }

  get copyErrors(): boolean {
    return this.#context.copyErrors;
  }

  get writeErrors(): (bytes: Buffer) => void {
    return this.#context.writeErrors;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** The answer to the last request in progress is the last one. */
  get draining(): boolean {
    return this.#context.draining && this.#handOver === undefined;
  }

  get shared(): boolean {
    return this.#requests.size > 1;
  }

  get unreadBytes(): number {
    return this.#socket.writableLength;
  }

  /** A request was answered; `close` when that was the last of this connection. */
  finish(request: FcgiRequest, close = false): void {
    this.#requests.delete(request.id);
    if (!request.inputEnded) this.#unread = true;
    if (close || !request.keepConnection || this.draining) this.#closing = true;
    this.onRoom();
    this.#closeWhenDone();
  }

  /** The server is stopping: closes behind what is in progress or comes in a moment, unless it can be handed over. */
  drain(handOver?: HandOver): void {
    if (handOver !== undefined && !this.#closing) {
      this.#handOver = handOver;
      handOver(this.#socket, this.#isIdle);
      return;
    }
    if (this.#requests.size > 0) return;
    const patience = this.#fresh ? FIRST_REQUEST_MS : NEXT_REQUEST_MS;
    whenTimeIsOver(patience, () => this.#requests.size > 0 || this.#close());
  }

  /** Ends all requests in progress and closes at once. */
  destroy(reason: Error): void {
    this.#abandonAll(reason);
    this.#socket.destroy();
  }

  /** No byte went either way for `idleTimeoutMs`: whose turn is it? */
  idle(): void {
    const waits = (request: FcgiRequest): boolean => !request.started || request.body.awaited;
    const requests = [...this.#requests.values()];
    if (requests.length > 0 && !this.#socket.writableNeedDrain && !requests.some(waits)) return;
    if (requests.length > 0) this.#context.log("error", "closed a FastCGI connection whose peer has stalled");
    this.destroy(new ProtocolError("BODY_TIMEOUT", "the web server stalled in the middle of a request"));
  }

  /** Reads on, unless an application does not keep up with its body. */
  readonly onRoom = (): void => {
    if (!this.#paused || this.#held) return;
    for (const request of this.#requests.values()) if (request.body.full) return;
    this.#paused = false;
    this.#socket.resume();
  };

  /** Whoever goes on with this connection begins at the beginning of a request, and owes the peer nothing. */
  readonly #isIdle = (): boolean =>
    this.#requests.size === 0 &&
    !this.#decoding &&
    !this.#closing &&
    !this.#unread &&
    this.#decoder.atBoundary &&
    this.#socket.writableLength === 0;

  readonly #onData = (bytes: Buffer): void => {
    if (this.#closing && this.#requests.size === 0) return;
    this.#decoding = true;
    try {
      this.#decoder.push(bytes);
      this.#input?.end();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const line = `closed a FastCGI connection: ${error.message}`;
      // Requests in progress have been counted as such.
      if (this.#inProgress) this.#context.log("error", line);
      else this.#context.refused(line);
      this.destroy(error);
    }
    this.#decoding = false;
    this.#closeWhenDone();
  };

  readonly #takeRecord = (type: number, id: number, bytes: Buffer, start: number, end: number): void => {
    if (type !== RecordType.Stdin || start === end) this.#input?.end();
    if (id === NULL_REQUEST_ID) {
      this.writer.send(answerManagement(type, bytes.subarray(start, end), this.#context));
      this.#hold();
      return;
    }
    if (type === RecordType.BeginRequest) {
      this.#begin(id, bytes, start, end);
      return;
    }
    // §3.3: records of a request that is not, or no longer, active are ignored.
    const request = this.#requests.get(id);
    if (request === undefined) {
      if (type === RecordType.Stdin && start === end) this.#unread = false;
      return;
    }
    switch (type) {
      case RecordType.Params:
        if (request.started) return;
        if (start === end) this.#start(request);
        else this.#addParams(request, bytes, start, end);
        return;
      case RecordType.Stdin:
        if (start === end) request.endInput();
        else this.#addInput(request, bytes, start, end);
        return;
      case RecordType.AbortRequest:
        this.#abort(request);
        return;
    }
  };

  /** §5.1: role (2), flags, reserved (5). */
  #begin(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start < 8) throw new ProtocolError("FCGI_BEGIN", "a BEGIN_REQUEST is shorter than 8 bytes");
    if (this.#requests.has(id)) throw new ProtocolError("FCGI_BEGIN", `request ${id} was begun twice`);
    if (this.#closing) return;
    this.#hold();
    const context = this.#context;
    const role = bytes.readUInt16BE(start);
    const request = new FcgiRequest(this, id, ((bytes[start + 2] as number) & KEEP_CONNECTION) !== 0);
    const plays =
      (role === Role.Responder && context.responder) || (role === Role.Authorizer && context.authorizer);
    const before = this.#requests.size;
    if (!plays) {
      context.refused(`refused a request in role ${role}, which option "roles" does not name`);
      request.reject(ProtocolStatus.UnknownRole);
    } else if (before > 0 && !context.multiplexed) {
      context.refused('refused a second request at once on a connection ("multiplexed" is off)');
      this.#decline(id, ProtocolStatus.CantMultiplexConnection);
    } else if (before >= context.maxMultiplexed) {
      context.refused(`refused a request: more than ${before} at once on a connection ("maxMultiplexed")`);
      this.#decline(id, ProtocolStatus.Overloaded);
    } else {
      this.#requests.set(id, request);
      this.#unread = false;
      this.#fresh = false;
      // §6.3: an authorizer gets no body.
      if (role === Role.Authorizer) request.body.expect(0);
    }
  }

  /** Answers a request that others on this connection leave no room for, without a word on the connection's end. */
  #decline(id: number, protocolStatus: number): void {
    this.writer.sendText(endRequestText(id, 0, protocolStatus));
  }

  #addParams(request: FcgiRequest, bytes: Buffer, start: number, end: number): void {
    const limit = this.#context.maxParamsBytes;
    if (request.paramsBytes + end - start > limit) {
      this.#context.refused(
        `refused a request whose variables are longer than ${limit} bytes ("maxParamsBytes")`,
      );
      this.#refuse(request, "431 Request Header Fields Too Large");
      return;
    }
    request.addParams(bytes, start, end);
  }

  #addInput(request: FcgiRequest, bytes: Buffer, start: number, end: number): void {
    this.#input ??= new InputRun((to, input) => this.#giveBody(to, input));
    this.#input.add(request, bytes, start, end);
  }

  #giveBody(request: FcgiRequest, bytes: Buffer): void {
    request.giveInput(bytes);
    if (request.body.full) this.#pause();
  }

  /** A peer that does not read its answers gets no more of them: its records wait, not our answers to them. */
  #hold(): void {
    if (this.writer.writable) return;
    this.#held = true;
    this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  /** §5.2 has ended: the request is complete but for its body. */
  #start(request: FcgiRequest): void {
    request.started = true;
    // Here and not where it began: of several that have begun, none counts yet.
    const { maxConcurrent } = this.#context;
    if (this.#context.counters.active >= maxConcurrent) {
      this.#context.refused(`refused a request: more than ${maxConcurrent} at once ("maxConcurrent")`);
      request.reject(ProtocolStatus.Overloaded);
      return;
    }
    let environ: Environ;
    try {
      request.readVariables();
      environ = deferredEnviron(request.variables, request, this.#context.environ);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#context.refused(`refused a FastCGI request: ${error.message}`);
      this.#refuse(request, "400 Bad Request");
      return;
    }
    const length = announcedLength(request.variables);
    const limit = this.#context.maxBodyBytes;
    if (length !== undefined && length > limit) {
      this.#context.refused(`refused a body of ${length} bytes ("maxBodyBytes" is ${limit})`);
      refuse(request, request.variables.valueOf("REQUEST_METHOD"), "413 Content Too Large");
      return;
    }
    request.startBody(length);
    runRequest(request, environ, this.#context);
  }

  /** Answers in our own name and takes no more requests from a peer that sends such ones. */
  #refuse(request: FcgiRequest, status: string): void {
    this.#closing = true;
    refuse(request, "GET", status);
  }

  /** §5.4: END_REQUEST at once; the application learns of it and is left to itself. */
  #abort(request: FcgiRequest): void {
    request.reject(ProtocolStatus.RequestComplete);
    request.abandon(new ProtocolError("ABORTED", "the web server aborted the request"));
  }

  /**
   * The peer has ended its side. Of a request that was complete it may still wait for the answer, and there is no
   * way to know but to write it; a request that was not complete never will be.
   */
  readonly #onEnd = (): void => {
    const requests = [...this.#requests.values()];
    const inside = this.#fresh && !this.#decoder.atBoundary;
    if (inside || requests.some((request) => !request.started))
      this.#context.refused("closed a FastCGI connection that ended inside the parameters of a request");
    this.#closing = true;
    this.#unread = false;
    for (const request of requests) {
      const reason = peerGone();
      if (request.started && (request.inputEnded || request.body.complete)) {
        request.cancellation.abort(reason);
      } else {
        this.#requests.delete(request.id);
        request.abandon(reason);
      }
    }
    this.#closeWhenDone();
  };

  readonly #onClose = (): void => {
    if (this.#requests.size > 0) this.#abandonAll(peerGone());
    this.writer.wake();
  };

  readonly #onError = (error: Error): void => {
    this.#context.log("debug", `a FastCGI connection failed: ${error.message}`);
  };

  readonly #onDrain = (): void => {
    this.#held = false;
    this.onRoom();
    this.writer.wake();
  };

  /** An application was called for a request that is not answered. */
  get #inProgress(): boolean {
    for (const request of this.#requests.values()) if (request.started) return true;
    return false;
  }

  #abandonAll(reason: Error): void {
    for (const request of this.#requests.values()) request.abandon(reason);
    this.#requests.clear();
  }

  #closeWhenDone(): void {
    if (this.#requests.size > 0 || this.#decoding) return;
    if (this.#closing) this.#close();
    else this.#handOver?.(this.#socket, this.#isIdle);
  }

  #close(): void {
    this.#closing = true;
    closeAfterwards(this.#socket, this.#unread);
  }
}

/** With a trace, which costs something: only for who is told. */
function peerGone(): ProtocolError {
  return new ProtocolError("PEER_GONE", "the web server closed the connection");
}
