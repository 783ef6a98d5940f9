// The light objects in the place of Node's. An application makes its responses with `new Response()`, so that there is no
// other way to give it a cheaper one.

import { LightRequest } from "./light-request.ts";
import { GlobalResponse } from "./light-response.ts";
import { NativeRequest, NativeResponse, standInFor } from "./native.ts";

/** Node's Request, which also takes a light one: Node's own looks for fields that only Node's have. */
class GlobalRequest extends NativeRequest {
  constructor(input: ConstructorParameters<typeof NativeRequest>[0], init?: RequestInit) {
    super(LightRequest.nativeOf(input), init);
  }
}
standInFor(NativeRequest, GlobalRequest);

/** Puts them there; once more it does nothing. What somebody else has put there stays. */
export function overrideGlobalObjects(): void {
  replace("Request", NativeRequest, GlobalRequest);
  replace("Response", NativeResponse, GlobalResponse);
}

/** Puts Node's own back where ours are. */
export function restoreGlobalObjects(): void {
  replace("Request", GlobalRequest, NativeRequest);
  replace("Response", GlobalResponse, NativeResponse);
}

function replace(name: "Request" | "Response", from: unknown, to: unknown): void {
  if (globalThis[name] !== from) return;
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: false,
    writable: true,
    value: to,
  });
}
