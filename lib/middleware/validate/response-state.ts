import type { Chunk, Environ, Header } from "../../gateway/types.ts";
import { applicationFault, shown } from "./fault.ts";

/** What has happened to one response so far. */
export class ResponseState {
  readonly #isHead: boolean;
  /** Set by `startResponse`; what the last call said. */
  head: { readonly code: number; readonly headers: readonly Header[] } | undefined;
  /** The server has asked the body for its first chunk. */
  iterating = false;
  /** The body has ended, or was left. */
  ended = false;
  #bytes = 0;

  constructor(environ: Environ) {
    this.#isHead = environ.REQUEST_METHOD === "HEAD";
  }

  //: ## Chunks
  //:
  //: The rules for every chunk, whether the body gives it or `write` is given it. An empty chunk is allowed and sends
  //: nothing, not even the head; the one that is called `EARLY_HEAD` in `postern/gateway` sends the head. A breach throws an `ApplicationError` of code `GATEWAY_BODY`.
  //:

  /** Checks one chunk and counts it. */
  take(chunk: unknown): asserts chunk is Chunk {
    //: - **VB-03** A chunk is a string, which is sent as UTF-8, or a `Uint8Array` (a `Buffer` is one).
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array))
      throw bodyFault(`a chunk is ${shown(chunk)}: give a string or a Uint8Array`);
    //: - **VB-14** A string is well-formed: a surrogate pair is not cut in two between chunks.
    if (typeof chunk === "string" && /\p{Surrogate}/u.test(chunk))
      throw bodyFault("a chunk holds half a surrogate pair: cut text between characters, or encode it first");
    if (chunk.length === 0) return;
    //: - **VB-04** `startResponse` is called before the first chunk that is not empty.
    if (this.head === undefined)
      throw bodyFault("a chunk came before startResponse was called: call it before the first chunk");
    const { code, headers } = this.head;
    //: - **VB-15** A response of status 204 or 304 has no chunk that is not empty.
    if (isBodiless(code)) throw bodyFault(`a response of status ${code} has no body: leave it empty`);
    //: - **VR-08** A response with a body has a `Content-Type`.
    if (headerValue(headers, "content-type") === undefined)
      throw bodyFault("the response has a body and no Content-Type: add the header");
    this.#bytes += typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.length;
    //: - **VR-14** Where the application gives a `Content-Length`, the chunks together have that many bytes. The answer
    //:   to `HEAD` owes nothing, because its body is not sent; nor does a body that is left early.
    const length = this.#contentLength();
    if (length !== undefined && this.#bytes > length && !this.#isHead)
      throw bodyFault(
        `Content-Length is ${length} and the body is longer: give the length in bytes of UTF-8`,
      );
  }

  /** Checks what must hold once the body has ended by itself. */
  end(): void {
    //: - **VB-16** `startResponse` is called by the end of the body, even if the body is empty.
    if (this.head === undefined)
      throw bodyFault("the body ended and startResponse was never called: call it in every request");
    const length = this.#contentLength();
    if (length !== undefined && this.#bytes < length && !this.#isHead)
      throw bodyFault(`Content-Length is ${length} and the body has ${this.#bytes} bytes: make them agree`);
  }

  #contentLength(): number | undefined {
    const value = headerValue(this.head?.headers ?? [], "content-length");
    return value === undefined ? undefined : Number(value);
  }
}

function bodyFault(sentence: string) {
  return applicationFault("GATEWAY_BODY", sentence);
}

/** The value of the first header of this name, which is in small letters. */
export function headerValue(headers: readonly Header[], wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** Whether a response of this status never has a body. */
export function isBodiless(code: number): boolean {
  return code === 204 || code === 304;
}
