import { finished, Readable } from "node:stream";
import { ProtocolError } from "../errors.ts";

/** Unread bytes past which a body asks its connection to stop reading. More than one full read of a socket. */
const FULL_BYTES = 131_072;
/** Unread bytes up to which a body asks for more while the application still has some. */
const READ_AHEAD_BYTES = 65_536;

/**
 * Exactly the body of one request, whatever else arrives on its connection. The server gives it bytes as they come; it
 * calls back when it has room again.
 */
export class RequestBody {
  readonly #onRoom: () => void;
  readonly #maxBytes: number;
  readonly #readAheadBytes: number;
  #stream: BodyStream | undefined;
  /** What CONTENT_LENGTH says is still to come. */
  #missing = Number.POSITIVE_INFINITY;
  #received = 0;
  #ended = false;
  #error: Error | undefined;
  #wanted = false;
  #left = false;

  /** @param onRoom called when the application reads and there is nothing, and when it stops reading */
  constructor(maxBytes: number, onRoom: () => void, readAheadBytes = READ_AHEAD_BYTES) {
    this.#maxBytes = maxBytes;
    this.#onRoom = onRoom;
    this.#readAheadBytes = readAheadBytes;
  }

  /** `wsgi.input`. It is made for who asks for it, and for bytes that come: most requests have no body, and nobody looks. */
  get stream(): BodyStream {
    if (this.#stream === undefined) {
      this.#stream = new BodyStream(this, this.#readAheadBytes, this.#onRoom);
      if (this.#error !== undefined) this.#stream.fail(this.#error);
    }
    return this.#stream;
  }

  /** The application has no use for the rest. */
  get destroyed(): boolean {
    return this.#stream?.destroyed === true;
  }

  /** Nothing more can come: the body is complete, or it failed. */
  get complete(): boolean {
    return this.#ended;
  }

  /** The connection should not read on until there is room. */
  get full(): boolean {
    // read() asks for more before it takes away what it gives, so the length alone would say full for ever.
    return !this.#wanted && !this.#left && !this.destroyed && this.#unread >= FULL_BYTES;
  }

  /** Bytes are asked for that have not come: by the application, or by Node, which reads ahead of it. */
  get wanted(): boolean {
    return this.#wanted && !this.#ended && !this.destroyed;
  }

  /**
   * It is the peer's turn: the application has taken all that came, and more is to come. One that has left its input, or
   * does not touch it, waits for nothing.
   */
  get awaited(): boolean {
    return this.wanted && this.#unread === 0;
  }

  /** The length that the request announced, before the first bytes. */
  expect(length: number): void {
    this.#missing = length;
    if (length === 0) this.#end();
  }

  /** Takes the next bytes of the body. Bytes past its announced length are dropped. */
  give(bytes: Buffer): void {
    if (this.#ended || this.#left || this.destroyed) return;
    const part = bytes.length <= this.#missing ? bytes : bytes.subarray(0, this.#missing);
    this.#missing -= part.length;
    this.#received += part.length;
    if (this.#received > this.#maxBytes) {
      this.fail(
        new ProtocolError("BODY_TOO_LARGE", `the request body is longer than ${this.#maxBytes} bytes`),
      );
      return;
    }
    if (part.length > 0) {
      this.#wanted = false;
      this.stream.give(part);
    }
    if (this.#missing === 0) this.#end();
    this.#stream?.wake();
  }

  /** The peer says that the body ends here; short of its announced length that is an error for who reads it. */
  finish(): void {
    if (this.#ended) return;
    if (this.#missing > 0 && this.#missing !== Number.POSITIVE_INFINITY) {
      this.fail(
        new ProtocolError("BODY_TRUNCATED", `the request body ended ${this.#missing} bytes too early`),
      );
    } else {
      this.#end();
    }
  }

  /** The response is over: what has not come is dropped on its way, and whoever reads that far is told so. */
  leave(): void {
    if (this.#ended) return;
    this.#left = true;
    if (this.#wanted) this.#failBehindResponse();
  }

  /** No more will come, and what has come is not all. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#stream?.fail(error);
  }

  /** The application reads, and there is nothing. */
  read(): void {
    if (this.#ended) {
      this.#stream?.push(null);
      return;
    }
    if (this.#left) {
      this.#failBehindResponse();
      return;
    }
    this.#wanted = true;
    this.#onRoom();
  }

  get #unread(): number {
    return this.#stream?.readableLength ?? 0;
  }

  #failBehindResponse(): void {
    this.fail(
      new ProtocolError("RESPONSE_OVER", "the response is over; the rest of the request body was dropped"),
    );
  }

  // Bodies are mostly empty and mostly unread: the end of one costs nothing until somebody asks for it.
  #end(): void {
    this.#ended = true;
    if (this.#wanted || this.#unread > 0) this.#stream?.push(null);
  }
}

class BodyStream extends Readable {
  readonly #body: RequestBody;
  readonly #onRoom: () => void;
  /** How long the chunks are that wait, for an iterator. */
  #lengths: number[] | undefined;
  /** The last one. */
  #iterator: BodyIterator | undefined;

  constructor(body: RequestBody, readAheadBytes: number, onRoom: () => void) {
    super({ highWaterMark: readAheadBytes });
    this.#body = body;
    this.#onRoom = onRoom;
  }

  /** All has come, which the bridge to node:http asks before it reads: of a body that failed it has to hear. */
  get complete(): boolean {
    return this.#body.complete && !this.destroyed;
  }

  fail(error: Error): void {
    // An application that never looks at its input must not be ended by an error in it.
    this.on("error", () => {});
    this.destroy(error);
  }

  /** Takes the next bytes of the body. */
  give(bytes: Buffer): void {
    this.#lengths?.push(bytes.length);
    this.push(bytes);
  }

  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<unknown, undefined> {
    this.#lengths ??= [this.readableLength];
    this.#iterator = new BodyIterator(this);
    return this.#iterator;
  }

  /** Who waits in an iterator gets what has come at once, and not when Node tells that there is something, which costs more. */
  wake(): void {
    this.#iterator?.wake();
  }

  /** One chunk as it came, where `read()` joins all that wait. */
  readChunk(): unknown {
    const lengths = this.#lengths ?? [];
    const waiting = this.readableLength;
    // Those of chunks that somebody else has read.
    if (waiting === 0) lengths.length = 0;
    const first = lengths.shift();
    return first !== undefined && first < waiting ? this.read(first) : this.read();
  }

  override _read(): void {
    this.#body.read();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    this.#onRoom();
  }
}

type Step = IteratorResult<unknown, undefined>;
const OVER: Step = { value: undefined, done: true };

/**
 * What `for await` gets of a body: its chunks as they came. Node's own iterator joins those that wait, which copies a large
 * body once more; all else is as there, so that who leaves early destroys the stream.
 */
class BodyIterator implements NodeJS.AsyncIterator<unknown, undefined> {
  readonly #stream: BodyStream;
  #started = false;
  #over = false;
  /** The stream has ended, or was destroyed: with this error, or none. */
  #end: { readonly error: Error | null | undefined } | undefined;
  readonly #waiting: ((step: Step | Promise<never>) => void)[] = [];

  constructor(stream: BodyStream) {
    this.#stream = stream;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (!this.#started) this.#start();
    const step = this.#waiting.length > 0 ? undefined : this.#step();
    return step === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(step);
  }

  async return(): Promise<Step> {
    this.#over = true;
    if (this.#started) this.#stream.destroy();
    return OVER;
  }

  #start(): void {
    this.#started = true;
    this.#stream.on("readable", this.wake);
    finished(this.#stream as Readable, { writable: false }, (error) => {
      this.#end = { error };
      this.wake();
    });
  }

  /** Undefined as long as there is nothing and more may come. */
  #step(): Step | Promise<never> | undefined {
    if (this.#over) return OVER;
    const chunk = this.#stream.destroyed ? null : this.#stream.readChunk();
    if (chunk !== null) return { value: chunk, done: false };
    if (this.#end === undefined) return undefined;
    this.#over = true;
    return this.#end.error ? Promise.reject(this.#end.error) : OVER;
  }

  /** Gives what there is to those that wait. */
  readonly wake = (): void => {
    while (this.#waiting.length > 0) {
      const step = this.#step();
      if (step === undefined) return;
      this.#waiting.shift()?.(step);
    }
  };
}
