// The headers of a request, of which Node's are made when they are needed. Most handlers ask for one or two, and Node looks at
// every character of all of them.

import { headerVariable } from "../../gateway/header-variable.ts";
import type { Environ } from "../../gateway/types.ts";
import { isGatewaysLength } from "../gateways-length.ts";
import { inherit, NativeHeaders } from "./native.ts";
import { requestHeaders } from "./request-headers.ts";
import { PLAIN_VALUE } from "./simple-headers.ts";

export class LightHeaders {
  readonly #environ: Environ;
  #native: Headers | undefined;

  private constructor(environ: Environ) {
    this.#environ = environ;
  }

  static make(environ: Environ): Headers {
    return new LightHeaders(environ) as unknown as Headers;
  }

  /** Takes what a light one has from Node's of now on, so that both change together. */
  static join(headers: Headers, native: Headers): void {
    if (#native in headers) headers.#native = native;
  }

  static nativeOf(headers: LightHeaders): Headers {
    headers.#native ??= requestHeaders(headers.#environ);
    return headers.#native;
  }

  get(name: string): string | null {
    const value = this.#plain(name);
    return value === undefined ? LightHeaders.nativeOf(this).get(name) : value;
  }

  has(name: string): boolean {
    const value = this.#plain(name);
    return value === undefined ? LightHeaders.nativeOf(this).has(name) : value !== null;
  }

  /** Tells of the object that it was called on, which is not the one of Node's behind it. */
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    const tell = (value: string, name: string): void => {
      callback.call(self, value, name, this as unknown as Headers);
    };
    // What cannot be called is for Node to complain about.
    LightHeaders.nativeOf(this).forEach(typeof callback === "function" ? tell : callback);
  }

  /** A value that is there as it is, or null where there is none; undefined for what Node's headers have to be asked about. */
  #plain(name: string): string | null | undefined {
    if (this.#native !== undefined || typeof name !== "string") return undefined;
    const variable = headerVariable(name);
    if (variable === "") return undefined;
    const value = this.#environ[variable];
    if (value === undefined || (value === "0" && isGatewaysLength(variable, this.#environ))) return null;
    return typeof value === "string" && PLAIN_VALUE.test(value) ? value : undefined;
  }
}

inherit(LightHeaders.prototype, NativeHeaders.prototype, LightHeaders.nativeOf);
Object.defineProperty(LightHeaders.prototype, "constructor", { value: NativeHeaders });
