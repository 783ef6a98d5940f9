// One FastCGI request: its parameters as they come in, its response as it goes out.

import type { Readable } from "node:stream";
import { ProtocolError } from "../errors.ts";
import type { GatewayValues } from "../gateway/environ.ts";
import { ErrorStream } from "../gateway/error-stream.ts";
import type { ResponseHead } from "../gateway/head.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Chunk } from "../gateway/types.ts";
import { RequestVariables, variableNamed } from "../gateway/variables.ts";
import { encodeResponseHead } from "../protocols/cgi/response-head.ts";
import { ProtocolStatus, RecordType } from "../protocols/fastcgi/constants.ts";
import { decodePairs } from "../protocols/fastcgi/pairs.ts";
import {
  addRecords,
  encodeRecord,
  endRequestText,
  recordSize,
  recordText,
  writeHeader,
  writePadding,
} from "../protocols/fastcgi/record-encoder.ts";
import { GatheredBytes } from "../protocols/gathered-bytes.ts";
import { KnownNames } from "../protocols/known-names.ts";
import type { FcgiConnection } from "./fcgi-connection.ts";
import { RequestBody } from "./request-body.ts";

/** Content of one STDERR record. */
const STDERR_BYTES = 32_768;
/** Up to here a response is copied into one buffer, which costs less than handing several to the kernel. */
const COALESCE_BYTES = 16_384;
/** STDIN in front of the end of PARAMS. It is legal and nobody sends it, so there is no waiting for room. */
const MAX_EARLY_BYTES = 65_536;
/** Unread bytes past which lines of `wsgi.errors` go to our own log: an application need not wait for its log. */
const MAX_UNREAD_BYTES = 1_048_576;
const names = new KnownNames(variableNamed);
const NOTHING = Buffer.alloc(0);

export class FcgiRequest implements ResponseSink, GatewayValues {
  readonly id: number;
  readonly keepConnection: boolean;
  readonly body: RequestBody;
  readonly variables = new RequestVariables();
  readonly multithread = true;
  readonly runOnce = false;
  readonly cancellation = new AbortController();
  /** PARAMS has ended: the application has been called, or the request was refused. */
  started = false;
  /** STDIN has ended: nothing of this request is on its way any more. */
  inputEnded = false;
  /** END_REQUEST was sent, or nothing can be sent any more. */
  over = false;
  paramsBytes = 0;

  readonly #connection: FcgiConnection;
  #errors: ErrorStream | undefined;
  /** PARAMS where they were read to, as long as they are in one piece; else they are gathered. */
  #params: Buffer = NOTHING;
  #paramsStart = 0;
  #gathered: GatheredBytes | undefined;
  /** STDIN in front of the end of PARAMS, which say how much of it is the body. */
  #early: Buffer[] | undefined;
  #earlyBytes = 0;
  /** What waits to be sent: the head with text of one byte a letter behind it, chunks, and how many bytes all are together. */
  #head = "";
  #chunks: Chunk[] = [];
  #pending = 0;
  #hasLength = false;
  #stdoutUsed = false;
  #stderrUsed = false;

  constructor(connection: FcgiConnection, id: number, keepConnection: boolean) {
    this.#connection = connection;
    this.id = id;
    this.keepConnection = keepConnection;
    this.body = new RequestBody(connection.maxBodyBytes, connection.onRoom);
  }

  get input(): Readable {
    return this.body.stream;
  }

  /** Made for who writes to it. */
  get errors(): ErrorStream {
    this.#errors ??= new ErrorStream((bytes) => this.#writeErrors(bytes));
    return this.#errors;
  }

  get multiprocess(): boolean {
    return this.#connection.multiprocess;
  }

  addParams(bytes: Buffer, start: number, end: number): void {
    if (this.paramsBytes === 0) {
      this.#params = bytes;
      this.#paramsStart = start;
    } else {
      if (this.#gathered === undefined) {
        this.#gathered = new GatheredBytes();
        this.#gathered.add(this.#params, this.#paramsStart, this.#paramsStart + this.paramsBytes);
      }
      this.#gathered.add(bytes, start, end);
    }
    this.paramsBytes += end - start;
  }

  /**
   * PARAMS have ended: reads the variables out of them.
   *
   * @throws {ProtocolError} as `decodePairs` does
   */
  readVariables(): void {
    const params = this.#gathered?.bytes ?? this.#params;
    const start = this.#gathered === undefined ? this.#paramsStart : 0;
    this.#params = NOTHING;
    this.#gathered = undefined;
    decodePairs(params, names, this.variables, start, start + this.paramsBytes);
  }

  /** @throws {ProtocolError} `FCGI_STDIN` when there is much of it in front of the end of PARAMS */
  giveInput(bytes: Buffer): void {
    if (this.started) {
      this.body.give(bytes);
      return;
    }
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > MAX_EARLY_BYTES)
      throw new ProtocolError(
        "FCGI_STDIN",
        `more than ${MAX_EARLY_BYTES} bytes of STDIN came before PARAMS ended`,
      );
    this.#early ??= [];
    this.#early.push(bytes);
  }

  endInput(): void {
    this.inputEnded = true;
    if (this.started) this.body.finish();
  }

  /** PARAMS have ended; `length` is what they say of the body. */
  startBody(length: number | undefined): void {
    if (length !== undefined) this.body.expect(length);
    if (this.#early !== undefined) for (const bytes of this.#early) this.body.give(bytes);
    this.#early = undefined;
    if (this.inputEnded) this.body.finish();
  }

  get closed(): boolean {
    return this.over || this.#connection.closed;
  }

  head(head: ResponseHead): void {
    this.#head = encodeResponseHead(head.status, head.headers);
    this.#pending = this.#head.length;
    this.#hasLength = head.contentLength !== undefined;
    this.#stdoutUsed = true;
  }

  write(chunk: Chunk, size: number): void {
    // One string more costs less than one more piece to encode.
    if (typeof chunk === "string" && chunk.length === size && this.#chunks.length === 0) this.#head += chunk;
    else this.#chunks.push(chunk);
    this.#pending += size;
  }

  flush(): boolean {
    if (this.#pending > 0) this.#sendPending();
    return this.#connection.writer.hasRoom;
  }

  drained(): Promise<void> {
    return this.#connection.writer.drained();
  }

  end(failed: boolean): void {
    if (this.closed) return;
    this.#sendEnd(failed ? 1 : 0, ProtocolStatus.RequestComplete);
    this.body.leave();
    this.#connection.finish(this);
  }

  /**
   * What makes a response look cut differs: most fronts notice a connection that is closed without END_REQUEST. nginx
   * waits for the rest of a Content-Length then, but notices at once when END_REQUEST comes too early; on a kept
   * connection it is the other way round. Where other requests share the connection there is only END_REQUEST.
   */
  cut(): void {
    if (this.closed) return;
    const connection = this.#connection;
    const early = connection.shared || (this.#hasLength && this.#isNginx && !this.keepConnection);
    if (early) this.#sendEnd(1, ProtocolStatus.RequestComplete);
    else this.flush();
    this.over = true;
    this.body.leave();
    connection.finish(this, !connection.shared);
  }

  /** Ends a request that no application answers. */
  reject(protocolStatus: number): void {
    this.#sendEnd(protocolStatus === ProtocolStatus.RequestComplete ? 1 : 0, protocolStatus);
    this.#connection.finish(this);
  }

  /** Nothing can be delivered any more; wakes an application that waits for its input or for `postern.signal`. */
  abandon(reason: Error): void {
    this.over = true;
    this.body.fail(reason);
    this.cancellation.abort(reason);
  }

  get #isNginx(): boolean {
    return this.variables.valueOf("SERVER_SOFTWARE")?.startsWith("nginx") === true;
  }

  /** What is pending of STDOUT, its end, and END_REQUEST; in one piece when it is small. */
  #sendEnd(appStatus: number, protocolStatus: number): void {
    if (this.#pending > COALESCE_BYTES) this.#sendPieces();
    let end = endRequestText(this.id, appStatus, protocolStatus);
    if (this.#stderrUsed) end = recordText(RecordType.Stderr, this.id, "") + end;
    if (this.#stdoutUsed) end = recordText(RecordType.Stdout, this.id, "") + end;
    // FastCGI cannot say that a connection closes behind an answer, and nginx would send another request meanwhile; it does
    // not keep one on which more comes behind END_REQUEST. Others keep it and fail at what they find.
    if (this.#connection.draining && this.keepConnection && this.#isNginx)
      end += recordText(RecordType.Stdout, this.id, "");
    this.over = true;
    this.#sendPendingAnd(end);
  }

  #sendPending(): void {
    if (this.#pending > COALESCE_BYTES) this.#sendPieces();
    else this.#sendPendingAnd("");
  }

  /** One record of all that is pending, and records behind it. */
  #sendPendingAnd(records: string): void {
    const { writer } = this.#connection;
    if (this.#chunks.length > 0) {
      const bytes = Buffer.allocUnsafe(recordSize(this.#pending) + records.length);
      bytes.write(records, this.#copyPending(bytes), "latin1");
      writer.send(bytes);
      return;
    }
    const record = this.#pending > 0 ? recordText(RecordType.Stdout, this.id, this.#head) : "";
    this.#forgetPending();
    writer.sendText(record + records);
  }

  /** One record of all that is pending, at the beginning of `bytes`; gives the position behind it. */
  #copyPending(bytes: Buffer): number {
    const start = writeHeader(bytes, 0, RecordType.Stdout, this.id, this.#pending);
    let at = start;
    if (this.#head !== "") at += bytes.write(this.#head, at, "latin1");
    for (const chunk of this.#chunks) {
      if (typeof chunk === "string") {
        at += bytes.write(chunk, at);
      } else {
        bytes.set(chunk, at);
        at += chunk.length;
      }
    }
    this.#forgetPending();
    return writePadding(bytes, at, at - start);
  }

  /** Records of what is pending, whose large chunks are not copied. */
  #sendPieces(): void {
    const pieces: Uint8Array[] = [];
    const add = (content: Uint8Array): void => addRecords(pieces, RecordType.Stdout, this.id, content);
    if (this.#head !== "") add(Buffer.from(this.#head, "latin1"));
    for (const chunk of this.#chunks) add(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    this.#forgetPending();
    this.#connection.writer.sendAll(pieces);
  }

  #forgetPending(): void {
    this.#head = "";
    this.#chunks = [];
    this.#pending = 0;
  }

  // What is written after the end has no record to travel in, and what nobody reads would pile up.
  #writeErrors(bytes: Buffer): void {
    const connection = this.#connection;
    const lost = this.closed || connection.unreadBytes > MAX_UNREAD_BYTES;
    if (lost || connection.copyErrors) connection.writeErrors(bytes);
    if (lost) return;
    this.#stderrUsed = true;
    for (let at = 0; at < bytes.length; at += STDERR_BYTES) {
      connection.writer.send(encodeRecord(RecordType.Stderr, this.id, bytes.subarray(at, at + STDERR_BYTES)));
    }
  }
}
