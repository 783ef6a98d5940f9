import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { ProtocolError } from "../../errors.ts";

/** `wsgi.input` of a request: its body. An application may destroy it, which a request answers by closing its connection. */
export class RequestInput extends Readable {
  readonly #request: IncomingMessage;
  #isReading = false;

  constructor(request: IncomingMessage) {
    super();
    this.#request = request;
  }

  /** No more will come, and what has come is not all. */
  fail(error: Error): void {
    if (this.destroyed || this.readableEnded || this.#request.readableEnded) return;
    this.destroy(error);
  }

  /** The response is over: what has not been read is dropped on its way. */
  leave(): void {
    if (this.#isReading) this.#request.resume();
  }

  override _read(): void {
    const request = this.#request;
    if (this.#isReading) {
      request.resume();
      return;
    }
    this.#isReading = true;
    // Somebody in front has read the body.
    if (request.readableEnded || request.destroyed) {
      this.push(null);
      return;
    }
    request.on("data", this.#onData);
    request.on("end", this.#onEnd);
    request.on("error", this.#onError);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // An application that never looks at its input must not be ended by an error in it.
    this.on("error", () => {});
    if (this.#isReading) this.#request.resume();
    done(error);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.destroyed) return;
    if (!this.push(bytes)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    if (!this.destroyed) this.push(null);
  };

  readonly #onError = (): void =>
    this.fail(new ProtocolError("PEER_GONE", "the client closed the connection"));
}
