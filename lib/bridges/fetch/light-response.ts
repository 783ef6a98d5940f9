// A Response whose text or bytes are kept as they are. Node makes a stream of every body when it makes the Response, which
// costs more than all the rest of a small request; most responses are sent without anybody looking at that stream.

import { type Content, LightBody } from "./light-body.ts";
import { NativeResponse, standInFor } from "./native.ts";

type BodyInit = ConstructorParameters<typeof Response>[0];

/** Fetch standard §2.2.3: these have no body, and Node's constructor complains about one. */
const NULL_BODY_STATUS: ReadonlySet<unknown> = new Set([101, 103, 204, 205, 304]);

/** The light body of a response; undefined where Node's part has the body, or there is none. */
export let lightBodyOf: (response: object) => LightBody | undefined;

/** What stands in the place of `globalThis.Response`: Node's Response in all but a body of text or bytes. */
export class LightResponse extends NativeResponse {
  #body: LightBody | undefined;

  static {
    lightBodyOf = (response) => (#body in response ? response.#body : undefined);
  }

  static override json(data: unknown, init: ResponseInit = {}): Response {
    const text: string | undefined = JSON.stringify(data);
    // What has no JSON is for Node to complain about.
    if (text === undefined) return NativeResponse.json(data, init);
    const response = new LightResponse(text, init);
    if (new Headers(init.headers).has("content-type")) return response;
    response.headers.set("content-type", "application/json");
    return response;
  }

  constructor(body?: BodyInit, init?: ResponseInit) {
    const kept = isContent(body) && !NULL_BODY_STATUS.has(init?.status);
    super(kept ? null : body, init);
    if (!kept) return;
    // A copy: bytes are those of this moment.
    this.#body = new LightBody(typeof body === "string" ? body : new Uint8Array(body));
    if (typeof body === "string" && !this.headers.has("content-type")) {
      this.headers.append("content-type", "text/plain;charset=UTF-8");
    }
  }
}

standInFor(NativeResponse, LightResponse);

// Node's types have members as fields, which TypeScript lets no class override.
const native = Object.getOwnPropertyDescriptors(NativeResponse.prototype);
for (const [name, property] of Object.entries(native)) {
  const { get, value } = property;
  if (name === "body" || name === "bodyUsed") {
    Object.defineProperty(LightResponse.prototype, name, {
      ...property,
      get(this: LightResponse) {
        const light = lightBodyOf(this);
        if (light === undefined) return get?.call(this);
        return name === "body" ? light.inNative(this.headers).body : light.used;
      },
    });
  } else if (name === "clone") {
    Object.defineProperty(LightResponse.prototype, name, {
      ...property,
      value(this: LightResponse) {
        const light = lightBodyOf(this);
        if (light === undefined) return value.call(this);
        return new LightResponse(
          light.isWhole ? light.content : light.inNative(this.headers).clone().body,
          this,
        );
      },
    });
  } else if (["arrayBuffer", "blob", "bytes", "formData", "json", "text"].includes(name)) {
    Object.defineProperty(LightResponse.prototype, name, {
      ...property,
      value(this: LightResponse) {
        return value.call(lightBodyOf(this)?.inNative(this.headers) ?? this);
      },
    });
  }
}

function isContent(body: BodyInit): body is Content {
  return typeof body === "string" || body instanceof Uint8Array;
}
