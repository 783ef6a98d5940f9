import { ApplicationError } from "../../errors.ts";
import { checkHead, type ResponseHead } from "../../gateway/head.ts";
import type { Body, Environ, StartResponse, Write } from "../../gateway/types.ts";
import { closeOf, isFileBody, isIterable, logFailure } from "../response-filter/body-kinds.ts";
import { HeldBody } from "../response-filter/held-body.ts";

/** The answer of one application, which nobody has got yet and perhaps never will. */
export class Attempt {
  readonly #environ: Environ;
  readonly #outer: StartResponse;
  readonly #missing: ReadonlySet<number>;
  #head: ResponseHead | undefined;
  #error: unknown;
  /** Set once the answer is the one that counts. */
  #write: Write | undefined;

  constructor(environ: Environ, outer: StartResponse, missing: ReadonlySet<number>) {
    this.#environ = environ;
    this.#outer = outer;
    this.#missing = missing;
  }

  readonly startResponse: StartResponse = (status, headers, error) => {
    if (this.#write !== undefined) return this.#outer(status, headers, error);
    if (error !== undefined && error !== null) this.#error = error;
    else if (this.#head !== undefined)
      throw new ApplicationError(
        "START_RESPONSE_TWICE",
        "startResponse was called twice; pass the error that is the reason",
      );
    this.#head = checkHead(status, headers);
    return (chunk) => {
      if (this.#write === undefined && chunk.length === 0) return Promise.resolve();
      return (this.#write ?? this.#accept())(chunk);
    };
  };

  /** Gives the body on, or asks for another in its place. */
  take(body: Body, goOn: () => Body | Promise<Body>): Body | Promise<Body> {
    // The server has a word about a body that is none, and about one without a head.
    if (!isIterable(body)) return this.#accepted(body);
    const isWhole = Array.isArray(body) || isFileBody(body);
    if (!isWhole && this.#head === undefined) return this.#takeLate(body, goOn);
    if (!this.#isMissing()) return this.#accepted(body);
    if (isWhole) {
      this.#close(body);
      return goOn();
    }
    return this.#abandon(new HeldBody(this.#environ, body), body, goOn);
  }

  /** The first chunk comes with the head. */
  async #takeLate(body: Body, goOn: () => Body | Promise<Body>): Promise<Body> {
    const held = new HeldBody(this.#environ, body);
    try {
      await held.draw();
      if (!this.#isMissing()) {
        const close = closeOf(body);
        return this.#accepted(close === undefined ? held : Object.assign(held, { close }));
      }
    } catch (error) {
      await held.leave();
      this.#close(body);
      throw error;
    }
    return this.#abandon(held, body, goOn);
  }

  async #abandon(held: HeldBody, body: Body, goOn: () => Body | Promise<Body>): Promise<Body> {
    await held.leave();
    this.#close(body);
    return goOn();
  }

  #isMissing(): boolean {
    if (this.#head === undefined || this.#write !== undefined || !this.#missing.has(this.#head.code))
      return false;
    const { readableDidRead, readableAborted } = this.#environ["wsgi.input"];
    return !readableDidRead && !readableAborted;
  }

  #accepted(body: Body): Body {
    if (this.#write === undefined && this.#head !== undefined) this.#accept();
    return body;
  }

  #accept(): Write {
    const { status = "", headers = [] } = this.#head ?? {};
    this.#write = this.#outer(status, headers, this.#error);
    return this.#write;
  }

  #close(body: Body): void {
    try {
      closeOf(body)?.();
    } catch (error) {
      logFailure(this.#environ, error);
    }
  }
}
