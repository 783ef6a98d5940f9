// A Response of which Node's is made when it is needed. Node makes a stream of every body and looks at every header, which
// costs more than all the rest of a small request; most responses are sent without anybody asking for that stream.

import { HEADER_VALUE } from "../../gateway/head.ts";
import type { Header } from "../../gateway/types.ts";
import { inherit, NativeResponse, standInFor } from "./native.ts";
import { simpleHeaders } from "./simple-headers.ts";

type Content = string | Uint8Array | null;
type BodyInit = ConstructorParameters<typeof Response>[0];

/** What the bridge sends of a response. */
export interface SimpleResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<Header>;
  readonly content: Content;
}

/** Fetch standard §2.2.3: these have no body, and Node's constructor complains about one. */
const NULL_BODY_STATUS: ReadonlySet<number> = new Set([204, 205, 304]);
/** What a text is without a word about it, as other servers of fetch handlers write it, and most applications. */
export const TEXT_TYPE = "text/plain; charset=UTF-8";

/** Takes a light response to send it, and its body is used then; undefined for what Node's part has to be asked about. */
export let takeSimple: (response: object) => SimpleResponse | undefined;

class LightResponse {
  #status = 200;
  #statusText = "";
  #content: Content = null;
  #simple: Header[] = [];
  /** Made of the simple ones, once somebody asked for it. */
  #headers: Headers | undefined;
  #native: Response | undefined;
  /** The content was sent without Node's Response. */
  #taken = false;

  static {
    takeSimple = (response) => {
      if (!(#taken in response) || response.#native !== undefined || response.#taken) return undefined;
      response.#taken = response.#content !== null;
      return {
        status: response.#status,
        statusText: response.#statusText,
        headers: response.#headers ?? response.#simple,
        content: response.#content,
      };
    };
  }

  constructor(body?: BodyInit, init?: ResponseInit) {
    const headers = isContent(body) && isSimple(body, init) ? simpleHeaders(init?.headers) : undefined;
    if (headers === undefined) {
      this.#native = new NativeResponse(body, init);
      return;
    }
    this.#status = init?.status ?? 200;
    this.#statusText = init?.statusText ?? "";
    this.#simple = headers;
    if (typeof body === "string") {
      this.#content = body;
    } else if (body instanceof Uint8Array) {
      // The bytes of this moment.
      this.#content = new Uint8Array(body);
    }
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const text: string | undefined = JSON.stringify(data);
    // What has no JSON is for Node to complain about.
    if (text === undefined) return NativeResponse.json(data, init);
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return make(text, { ...init, headers });
  }

  /** Node's Response of this one; the same each time. */
  static nativeOf(response: LightResponse): Response {
    return response.#complete();
  }

  get status(): number {
    return this.#native?.status ?? this.#status;
  }

  get statusText(): string {
    return this.#native?.statusText ?? this.#statusText;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    this.#headers ??= this.#native?.headers ?? this.#makeHeaders();
    return this.#headers;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? this.#taken;
  }

  clone(): Response {
    if (this.#native === undefined && !this.#taken) return make(this.#content, this.#init());
    const copy = this.#complete().clone();
    const headers = this.#headers;
    if (headers === undefined || headers === this.#native?.headers) return copy;
    // They were asked for before Node's part was made, and have changed since, perhaps.
    return new NativeResponse(copy.body, { status: copy.status, statusText: copy.statusText, headers });
  }

  #makeHeaders(): Headers {
    const headers = new Headers(this.#pairs);
    if (typeof this.#content === "string" && !headers.has("content-type")) {
      headers.set("content-type", TEXT_TYPE);
    }
    return headers;
  }

  get #pairs(): [string, string][] {
    return this.#simple.map(([name, value]) => [name, value]);
  }

  #init(): ResponseInit {
    return { status: this.#status, statusText: this.#statusText, headers: this.#headers ?? this.#pairs };
  }

  #complete(): Response {
    if (this.#native !== undefined) return this.#native;
    const native = new NativeResponse(this.#content, this.#init());
    if (this.#taken) void native.arrayBuffer();
    this.#native = native;
    return native;
  }
}

inherit(LightResponse.prototype, NativeResponse.prototype, LightResponse.nativeOf);
Object.setPrototypeOf(LightResponse, NativeResponse);

/** What stands in the place of `globalThis.Response`. */
export const GlobalResponse = LightResponse as unknown as typeof Response;
standInFor(NativeResponse, GlobalResponse);

function make(body: BodyInit, init: ResponseInit): Response {
  return new LightResponse(body, init) as unknown as Response;
}

function isContent(body: BodyInit): body is Content | undefined {
  return body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array;
}

/** Whether nothing but headers is left to look at. */
function isSimple(body: Content | undefined, init: ResponseInit | undefined): boolean {
  if (init === undefined || init === null) return true;
  const { status = 200, statusText = "" } = init;
  if (!Number.isInteger(status) || status < 200 || status > 599) return false;
  // A reason is of the same characters as a header's value, and its ends are nobody's to trim.
  if (typeof statusText !== "string" || !HEADER_VALUE.test(statusText)) return false;
  return body === null || body === undefined || !NULL_BODY_STATUS.has(status);
}
