import type { Readable } from "node:stream";
import { ProtocolError } from "../../errors.ts";

/** Who gets the body of a request, piece by piece. */
export interface BodyTaker {
  give(bytes: Uint8Array): void;
  finish(): void;
  fail(error: Error): void;
}

/** Reads a request's body for a thread: one piece each time that it asks, so that only this much is on the way. */
export class BodyReader {
  readonly #input: Readable;
  readonly #taker: BodyTaker;
  #reading = false;
  #wanted = false;

  constructor(input: Readable, taker: BodyTaker) {
    this.#input = input;
    this.#taker = taker;
  }

  want(): void {
    this.#wanted = true;
    const input = this.#input;
    if (input.destroyed) this.#fail();
    else if (this.#reading) this.#read();
    else {
      // Before the first time the input is not touched: that makes the client send its body (RFC 9110 §10.1.1).
      this.#reading = true;
      input.on("readable", this.#read);
      input.on("end", () => this.#taker.finish());
      input.on("error", () => {});
      input.on("close", this.#fail);
    }
  }

  /** The thread reads no more. */
  drop(): void {
    this.#input.destroy();
  }

  readonly #read = (): void => {
    if (!this.#wanted) return;
    const bytes: Buffer | null = this.#input.read();
    if (bytes === null) return;
    this.#wanted = false;
    this.#taker.give(bytes);
  };

  readonly #fail = (): void => {
    const input = this.#input;
    if (input.readableEnded) return;
    this.#taker.fail(input.errored ?? new ProtocolError("PEER_GONE", "the request body was left"));
  };
}
