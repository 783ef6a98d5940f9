import type { IncomingMessage } from "node:http";
import type { Environ } from "../../gateway/types.ts";
import { requestHeaders } from "./request-headers.ts";
import { requestTarget } from "./request-target.ts";

/** What Express and connect add to a request that is mounted. */
interface MountedRequest {
  baseUrl?: string;
  originalUrl?: string;
}

/** Makes `request` that of an environ, without its body. */
export function fillRequest(request: IncomingMessage & MountedRequest, environ: Environ): void {
  const { headers, rawHeaders } = requestHeaders(environ);
  request.headers = headers;
  request.rawHeaders = rawHeaders;
  Object.defineProperty(request, "headersDistinct", distinct);
  const { url, baseUrl, originalUrl } = requestTarget(environ);
  request.method = environ.REQUEST_METHOD;
  request.url = url;
  if (baseUrl !== undefined) {
    request.baseUrl = baseUrl;
    request.originalUrl = originalUrl as string;
  }
  const version = environ.SERVER_PROTOCOL.slice(5);
  request.httpVersion = version;
  request.httpVersionMajor = version.charCodeAt(0) - 48;
  request.httpVersionMinor = version.length < 3 ? 0 : version.charCodeAt(2) - 48;
  // Nothing that a gateway could do, as in a server without a listener for it.
  (request as unknown as { upgrade: boolean }).upgrade = false;
}

/** Made when it is read: hardly anybody does. The accessor is the same for all requests. */
const distinct: PropertyDescriptor & ThisType<IncomingMessage> = {
  configurable: true,
  enumerable: true,
  get() {
    const all: NodeJS.Dict<string[]> = Object.create(null);
    for (const [name, value] of Object.entries(this.headers)) all[name] = [value as string];
    this.headersDistinct = all;
    return all;
  },
  set(value: NodeJS.Dict<string[]>) {
    Object.defineProperty(this, "headersDistinct", {
      configurable: true,
      enumerable: true,
      writable: true,
      value,
    });
  },
};
