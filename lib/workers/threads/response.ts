import type { MessagePort } from "node:worker_threads";
import type { ResponseHead } from "../../gateway/head.ts";
import type { ResponseSink } from "../../gateway/sink.ts";
import type { Chunk } from "../../gateway/types.ts";
import {
  COPY_BYTES,
  describeError,
  FromThread,
  type MessageFromThread,
  PIECE_BYTES,
  WINDOW_BYTES,
  weightOf,
} from "./messages.ts";

/** The response to a thread's request, on its way to the pool. */
export class ThreadResponse implements ResponseSink {
  closed = false;
  readonly #port: MessagePort;
  readonly #id: number;
  #head: readonly string[] | undefined;
  /** What was not sent yet, and how many bytes of the first chunk were. */
  #chunks: Chunk[] = [];
  #position = 0;
  /** Weight of what was sent and not taken yet. */
  #outstanding = 0;
  #ended = false;
  #endSent = false;
  /** Set when the application has finished: its heap in bytes, or 0 for no news of it. */
  #finished: number | undefined;
  #waiting: (() => void)[] = [];

  constructor(port: MessagePort, id: number) {
    this.#port = port;
    this.#id = id;
  }

  head(head: ResponseHead): void {
    this.#head = [head.status, ...head.headers.flat()];
  }

  write(chunk: Chunk, size: number): void {
    this.#chunks.push(typeof chunk === "string" && size > COPY_BYTES ? Buffer.from(chunk) : chunk);
  }

  flush(): boolean {
    this.#send(true);
    return this.#hasRoom;
  }

  drained(): Promise<void> {
    if (this.closed || this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Mostly the application finishes a moment later, and both go in one message. */
  end(): void {
    this.#ended = true;
    process.nextTick(this.#sendEnd);
  }

  cut(): void {
    this.leave();
  }

  /** The application failed. What comes of that is for the server to say, in the main thread. */
  fail(error: unknown): void {
    this.#send();
    this.#chunks = [];
    this.#post([FromThread.Failure, this.#id, describeError(error)]);
  }

  /** The application has finished. */
  finish(memoryBytes: number): void {
    this.#finished = memoryBytes;
    this.#send();
  }

  /** The server has taken this much. */
  credit(weight: number): void {
    this.#outstanding -= weight;
    this.#send();
    if (this.#hasRoom) this.#wake();
  }

  /** Nobody wants the rest. */
  leave(): void {
    this.closed = true;
    this.#chunks = [];
    this.#send();
    this.#wake();
  }

  get #hasRoom(): boolean {
    return this.#chunks.length === 0 && this.#outstanding < WINDOW_BYTES;
  }

  readonly #sendEnd = (): void => {
    if (!this.#endSent) this.#send();
  };

  /**
   * Sends what the window lets through; with it the end, where nothing is left. A head waits for one of them, unless it is
   * to be sent early.
   */
  #send(early = false): void {
    for (;;) {
      const moved: ArrayBuffer[] = [];
      const chunks = this.#takePieces(moved);
      const last = this.#chunks.length === 0;
      const ended = last && this.#ended && !this.#endSent;
      const finished = last ? this.#finished : undefined;
      const head = this.#head;
      if (chunks.length === 0 && !ended && finished === undefined && !(early && head !== undefined)) return;
      this.#head = undefined;
      this.#endSent ||= ended;
      this.#finished = last ? undefined : this.#finished;
      this.#post([FromThread.Response, this.#id, chunks, head, ended, finished], moved);
    }
  }

  /** As much as fits into one message and into the window. */
  #takePieces(moved: ArrayBuffer[]): Chunk[] {
    const pieces: Chunk[] = [];
    let weight = 0;
    while (weight < PIECE_BYTES && this.#outstanding < WINDOW_BYTES) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const piece = typeof chunk === "string" ? chunk : this.#copyPiece(chunk);
      if (piece === chunk || this.#position === chunk.length) {
        this.#chunks.shift();
        this.#position = 0;
      }
      if (typeof piece !== "string" && piece.length >= COPY_BYTES) moved.push(piece.buffer);
      pieces.push(piece);
      weight += weightOf(piece);
      this.#outstanding += weightOf(piece);
    }
    return pieces;
  }

  /**
   * The next bytes of the first chunk in memory of their own. The application's is never given away, since it may keep
   * its buffer for the next response; and a view of a large one would be sent with all of it.
   */
  #copyPiece(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const start = this.#position;
    this.#position = Math.min(start + PIECE_BYTES, chunk.length);
    return new Uint8Array(chunk.subarray(start, this.#position));
  }

  #post(message: MessageFromThread, moved: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, moved);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
