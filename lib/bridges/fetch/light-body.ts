import { NativeResponse } from "./native.ts";

export type Content = string | Uint8Array;

/** Text or bytes as the body of a response, of which a stream is made when somebody asks for it. */
export class LightBody {
  readonly content: Content;
  #native: Response | undefined;
  #taken = false;

  constructor(content: Content) {
    this.content = content;
  }

  get used(): boolean {
    return this.#native?.bodyUsed ?? this.#taken;
  }

  /** Nobody has seen it as a stream, or read it. */
  get isWhole(): boolean {
    return this.#native === undefined && !this.#taken;
  }

  /** The content, which is used then; undefined where it is not whole. */
  take(): Content | undefined {
    if (!this.isWhole) return undefined;
    this.#taken = true;
    return this.content;
  }

  /** A response of Node's that has it as its body; the same each time. */
  inNative(headers: Headers): Response {
    if (this.#native === undefined) {
      this.#native = new NativeResponse(this.content, { headers });
      if (this.#taken) void this.#native.arrayBuffer();
    }
    return this.#native;
  }
}
