import { Writable } from "node:stream";

/** `wsgi.errors`: hands each write on at once. It never fails and cannot be ended, whatever an application does. */
export class ErrorStream extends Writable {
  readonly #put: (bytes: Buffer) => void;

  constructor(put: (bytes: Buffer) => void) {
    super();
    this.#put = put;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#put(chunk);
    done();
  }

  // Nor one that a failed pipeline destroys, which the embedded HTTP server's requests share.
  override destroy(): this {
    return this;
  }

  // An ended stream would throw at the next line that the server itself has to log.
  override end(chunk?: unknown): this {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) this.write(chunk);
    return this;
  }
}
