import { Readable } from "node:stream";
import { ProtocolError } from "../../errors.ts";

/** `wsgi.input` in a thread: asks for a piece of the body whenever the application reads. */
export class ThreadInput extends Readable {
  readonly #want: () => void;
  readonly #drop: () => void;
  #awaited = false;
  #ended = false;
  #left = false;

  /**
   * @param want asks for the next piece
   * @param drop says that the application will read no more
   */
  constructor(want: () => void, drop: () => void) {
    super();
    this.#want = want;
    this.#drop = drop;
  }

  /** Takes the next piece. */
  give(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#awaited = false;
    this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** The body is complete. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }

  /** No more will come, and what has come is not all. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    // An application that never looks at its input must not be ended by an error in it.
    this.on("error", () => {});
    this.destroy(error);
  }

  /** The application has finished, and nobody answers what is asked any more. */
  leave(): void {
    this.#left = true;
    if (this.#awaited) this.#failBehindResponse();
  }

  override _read(): void {
    if (this.#left) {
      this.#failBehindResponse();
      return;
    }
    this.#awaited = true;
    this.#want();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#ended && !this.#left) this.#drop();
    this.#ended = true;
    done(error);
  }

  #failBehindResponse(): void {
    this.fail(
      new ProtocolError("RESPONSE_OVER", "the response is over; the rest of the request body was dropped"),
    );
  }
}
