// One request in the main thread: towards its server it is an application's call, towards a thread it is messages.

import { GatewayError, ProtocolError } from "../../errors.ts";
import { EARLY_HEAD } from "../../gateway/early-head.ts";
import type { Body, Chunk, Environ, Header, StartResponse } from "../../gateway/types.ts";
import { BodyReader } from "./body-reader.ts";
import {
  COPY_BYTES,
  CREDIT_BYTES,
  describeError,
  type MessageToThread,
  ToThread,
  weightOf,
} from "./messages.ts";

/** The thread that has a request. */
export interface ExchangeThread {
  /** The memory in `moved` goes with the message. */
  send(message: MessageToThread, moved?: ArrayBuffer[]): void;
  /** Nobody waits for the response any more. */
  onUnwanted(): void;
  /** The application failed, or took too long, while its client waited. */
  onFailed(): void;
}

export class Exchange implements AsyncIterableIterator<Chunk> {
  readonly environ: Environ;
  /** What the server gets of its application. */
  readonly body: Promise<Body>;

  readonly #startResponse: StartResponse;
  #resolveBody: (body: Body) => void = () => {};
  #rejectBody: (error: unknown) => void = () => {};
  #thread: ExchangeThread | undefined;
  #id = 0;
  #input: BodyReader | undefined;
  #begun = false;
  #ended = false;
  #left = false;
  #finished = false;
  #aborted: { readonly reason: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Chunks that came and that the server has not asked for. */
  #chunks: Chunk[] = [];
  /** Weight of the chunk that the server has, and of those that it took since the thread heard of it. */
  #given = 0;
  #taken = 0;
  #wake: () => void = () => {};

  constructor(environ: Environ, startResponse: StartResponse) {
    this.environ = environ;
    this.#startResponse = startResponse;
    this.body = new Promise((resolve, reject) => {
      this.#resolveBody = resolve;
      this.#rejectBody = reject;
    });
  }

  /** A thread has the request, under this number. */
  begin(id: number, thread: ExchangeThread): void {
    this.#id = id;
    this.#thread = thread;
    if (this.#aborted !== undefined) this.#sendAbort(this.#aborted.reason);
  }

  /** Aborts `postern.signal` in the thread, at once or when there is one. */
  abort(reason: unknown): void {
    // Whatever the application makes of it now, its time is over. A client that goes away is no failure.
    if (isTimeout(reason) && !this.#left && this.#failure === undefined) this.#thread?.onFailed();
    this.#aborted = { reason };
    this.#sendAbort(reason);
  }

  /**
   * Takes a part of the response.
   *
   * @param head status, and names and values of the headers
   */
  take(chunks: readonly Chunk[], head: readonly string[] | undefined, ended: boolean): void {
    if (head !== undefined) this.#startResponse(head[0] as string, pairsOf(head));
    this.#ended ||= ended;
    if (!this.#begun && ended) {
      this.#begun = true;
      // The length of an array would be added to a head that has none.
      this.#resolveBody(chunks.length > 0 ? chunks : [].values());
      return;
    }
    if (!this.#left) this.#chunks.push(...chunks);
    if (head !== undefined && chunks.length === 0) this.#chunks.push(EARLY_HEAD);
    if (!this.#begun) this.#resolveBody(this);
    this.#begun = true;
    this.#wake();
  }

  /** Ends the response with an error behind what has come of it. */
  fail(error: unknown): void {
    if (this.#failure === undefined && this.#isAwaited && !(error instanceof ProtocolError))
      this.#thread?.onFailed();
    this.#failure ??= { error };
    if (!this.#begun) this.#rejectBody(error);
    this.#begun = true;
    this.#wake();
  }

  /** The application has finished, in whatever way. */
  finish(): void {
    this.#finished = true;
    if (!this.#ended && !this.#left) this.fail(new GatewayError("THREAD", "a thread gave half a response"));
    this.#wake();
  }

  /** The thread reads on. */
  wantInput(): void {
    this.#input ??= new BodyReader(this.environ["wsgi.input"], {
      give: (bytes) => this.#giveInput(bytes),
      finish: () => this.#send([ToThread.InputEnd, this.#id]),
      fail: (error) => this.#send([ToThread.InputError, this.#id, describeError(error)]),
    });
    this.#input.want();
  }

  /** The thread reads no more. */
  dropInput(): void {
    this.environ["wsgi.input"].destroy();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Chunk>> {
    this.#credit();
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) {
        // The sign was made here: no room in the thread's window is taken by it.
        this.#given = value === EARLY_HEAD ? 0 : weightOf(value);
        return { value, done: false };
      }
      // What is complete stays so, whatever becomes of the thread behind it.
      if (this.#ended) return { value: undefined, done: true };
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#more();
    }
  }

  /** The server leaves: the thread is told, and waited for as any application's cleaning up is. */
  async return(): Promise<IteratorResult<Chunk>> {
    this.#left = true;
    this.#chunks = [];
    this.#send([ToThread.Leave, this.#id]);
    this.#thread?.onUnwanted();
    while (!this.#finished && this.#failure === undefined) await this.#more();
    if (this.#failure !== undefined) throw this.#failure.error;
    return { value: undefined, done: true };
  }

  /** Somebody waits for more of the response. */
  get #isAwaited(): boolean {
    return !this.#ended && !this.#left && this.#aborted === undefined;
  }

  #send(message: MessageToThread, moved?: ArrayBuffer[]): void {
    if (!this.#finished) this.#thread?.send(message, moved);
  }

  #sendAbort(reason: unknown): void {
    this.#send([ToThread.Abort, this.#id, describeError(reason)]);
    this.#thread?.onUnwanted();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What the server had, it has taken when it asks for more. */
  #credit(): void {
    this.#taken += this.#given;
    this.#given = 0;
    if (this.#taken < CREDIT_BYTES || this.#ended) return;
    this.#send([ToThread.Credit, this.#id, this.#taken]);
    this.#taken = 0;
  }

  /** Memory that holds nothing but this piece is moved: a server has read it from its socket and keeps no part of it. */
  #giveInput(bytes: Uint8Array): void {
    const whole = bytes.byteLength === bytes.buffer.byteLength;
    const piece = whole ? bytes : new Uint8Array(bytes);
    const moved = piece.byteLength >= COPY_BYTES ? [piece.buffer as ArrayBuffer] : [];
    this.#send([ToThread.Input, this.#id, piece], moved);
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

function pairsOf(head: readonly string[]): Header[] {
  const pairs: Header[] = [];
  for (let at = 1; at + 1 < head.length; at += 2) pairs.push([head[at] as string, head[at + 1] as string]);
  return pairs;
}
