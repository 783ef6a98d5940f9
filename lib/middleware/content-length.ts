import { isBodyless } from "../gateway/head.ts";
import { checkApplication } from "../gateway/stack.ts";
import type { Body, Middleware } from "../gateway/types.ts";
import { filterResponse, type ResponseHead } from "./response-filter.ts";

/**
 * Adds `Content-Length` where it can be known without waiting: to a body that is an array. Postern's servers do so by
 * themselves; this is for other hosts of gateway applications, and for middleware that wants to see the length.
 */
export const contentLength: Middleware = (application) => {
  checkApplication(application);
  return (environ, startResponse) => filterResponse(application, environ, startResponse, addLength);
};

function addLength({ environ, code, headers }: ResponseHead, body: Body): Body {
  if (!Array.isArray(body) || isBodyless(code) || headers.has("Content-Length")) return body;
  let bytes = 0;
  for (const chunk of body) bytes += Buffer.byteLength(chunk);
  // An application may leave out what HEAD does not need.
  if (bytes > 0 || environ.REQUEST_METHOD !== "HEAD") headers.set("Content-Length", String(bytes));
  return body;
}
