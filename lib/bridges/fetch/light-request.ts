// A Request of which Node's is made when it is needed. Most handlers look at the URL, the method and perhaps at headers or
// a JSON body, and Node's Request costs as much as the rest of the bridge together.

import { TextDecoder } from "node:util";
import type { Environ } from "../../gateway/types.ts";
import { wholeBody } from "../../gateway/whole-body.ts";
import { bodyStream } from "./body-stream.ts";
import { LightHeaders } from "./light-headers.ts";
import { inherit, NativeRequest } from "./native.ts";

const decoder = new TextDecoder();

export class LightRequest {
  readonly url: string;
  readonly method: string;
  readonly #environ: Environ;
  #headers: Headers | undefined;
  #native: Request | undefined;
  /** The body was read without Node's Request. */
  #used = false;

  private constructor(environ: Environ, url: string, method: string) {
    this.url = url;
    this.method = method;
    this.#environ = environ;
  }

  /** What only Node's own has is taken from there, by the prototype below, so that it is a Request in all. */
  static make(environ: Environ, url: string, method: string): Request {
    return new LightRequest(environ, url, method) as unknown as Request;
  }

  /** Node's Request in the place of a light one; anything else as it is. */
  static nativeOf<Input>(input: Input): Input | Request {
    return typeof input === "object" && input !== null && #native in input ? input.#complete() : input;
  }

  get headers(): Headers {
    this.#headers ??= LightHeaders.make(this.#environ);
    return this.#headers;
  }

  get signal(): AbortSignal {
    return this.#environ["postern.signal"];
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? this.#used;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#isBodyNative) return this.#complete().arrayBuffer();
    // Node's buffers share their memory with others.
    return new Uint8Array(await this.#read()).buffer;
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  async text(): Promise<string> {
    if (this.#isBodyNative) return this.#complete().text();
    return decoder.decode(await this.#read());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** Whether Node's Request knows best: it is there, there is no body, or it was read and there is something to complain of. */
  get #isBodyNative(): boolean {
    return this.#native !== undefined || this.#used || !mayHaveBody(this.method);
  }

  #read(): Promise<Buffer> {
    this.#used = true;
    return wholeBody(this.#environ["wsgi.input"]);
  }

  #complete(): Request {
    if (this.#native !== undefined) return this.#native;
    const { url, method, headers, signal } = this;
    const native = new NativeRequest(url, { method, headers, signal, ...this.#body() });
    if (this.#used) void native.arrayBuffer();
    LightHeaders.join(headers, native.headers);
    this.#native = native;
    return native;
  }

  #body(): { body: ReadableStream | string; duplex: "half" } | undefined {
    if (!mayHaveBody(this.method)) return undefined;
    if (this.#used) return { body: "", duplex: "half" };
    const environ = this.#environ;
    return environ.CONTENT_LENGTH === "0"
      ? undefined
      : { body: bodyStream(environ["wsgi.input"]), duplex: "half" };
  }
}

inherit(LightRequest.prototype, NativeRequest.prototype, LightRequest.nativeOf);
Object.defineProperty(LightRequest.prototype, "constructor", { value: NativeRequest });

/** Fetch standard §5.4: a Request with one of these methods has no body. */
function mayHaveBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}
