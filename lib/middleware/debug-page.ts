// An error page for the person who writes the application. Never to be used where others can see it.

import { inspect } from "node:util";
import { ProtocolError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { checkApplication } from "../gateway/stack.ts";
import type { Application, Body, Chunk, Environ, Header, StartResponse } from "../gateway/types.ts";
import type { Failure } from "./debug-page/failure.ts";
import { recordInput } from "./debug-page/input-record.ts";

export interface DebugPageOptions {
  /**
   * Shows the page for a response of status 500 that the application makes itself, too: with the error that it gives for it, or
   * else with the place where it begins the response. `startResponse` throws there then.
   *
   * @defaultValue `false`
   */
  force?: boolean | undefined;
}

/**
 * Answers an error that the application lets pass with a page that shows it: message, frames with the lines of source
 * around them, and the request with secrets masked by name. A client that does not ask for HTML gets plain text. The
 * error is written to `wsgi.errors` as well; one that comes after the head was sent cuts the response as ever. An
 * application of the framework leaves its own `internalError` page out. Middleware around it finds the error as text in
 * `postern.trace_text` and the page as HTML in `postern.trace_html`, with secrets masked.
 *
 * @example
 * export const app = debugPage(application(urls));
 */
export function debugPage(application: Application, options: DebugPageOptions = {}): Application {
  checkApplication(application);
  checkOptions("debugPage()", options, { force: true });
  const { force = false } = options;
  return (environ, startResponse) => {
    environ["postern.debug"] = true;
    const request = new DebuggedRequest(environ, startResponse, force);
    return request.run(application);
  };
}

class DebuggedRequest {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #force: boolean;
  readonly #input: () => Buffer;
  #status: string | undefined;
  #headers: readonly Header[] = [];

  constructor(environ: Environ, startResponse: StartResponse, force: boolean) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#force = force;
    this.#input = recordInput(environ);
  }

  async run(application: Application): Promise<Body> {
    let body: Body;
    try {
      body = await application(this.#environ, (status, headers, error) => {
        this.#headers = [...headers];
        this.#status = status;
        if (this.#force && status.startsWith("500"))
          throw error ?? new Error(`the application has answered ${status} itself`);
        return this.#startResponse(status, this.#headers, error);
      });
    } catch (error) {
      return [await this.#page(error)];
    }
    // Nothing can go wrong any more in an array, and the server can tell its length.
    return Array.isArray(body) || typeof body === "string" ? body : this.#guarded(body);
  }

  async *#guarded(body: Body): AsyncGenerator<Chunk> {
    try {
      yield* body;
    } catch (error) {
      yield await this.#page(error);
    } finally {
      const { close } = body as { close?: unknown };
      if (typeof close === "function") close.call(body);
    }
  }

  /** @throws what was thrown, where the head has been sent or the client is to blame */
  async #page(error: unknown): Promise<string> {
    if (error instanceof ProtocolError) throw error;
    const failure: Failure = {
      error,
      environ: this.#environ,
      input: this.#input(),
      response: { status: this.#status, headers: this.#headers },
    };
    const html = /\b(text\/html|application\/xhtml\+xml)\b/.test(this.#environ.HTTP_ACCEPT ?? "");
    const { htmlPage, textPage } = await import("./debug-page/page.ts");
    const text = textPage(failure);
    const markup = await htmlPage(failure);
    this.#environ["postern.trace_text"] = text;
    this.#environ["postern.trace_html"] = markup;
    const page = html ? markup : text;
    const type = html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    const headers: Header[] = [
      ["Content-Type", type],
      ["Cache-Control", "no-store"],
    ];
    this.#startResponse("500 Internal Server Error", headers, error);
    this.#environ["wsgi.errors"].write(`${inspect(error)}\n`);
    return page;
  }
}
