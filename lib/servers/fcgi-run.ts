import { printable } from "../gateway/log.ts";
import { respond } from "../gateway/respond.ts";
import type { Environ } from "../gateway/types.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import type { FcgiRequest } from "./fcgi-request.ts";

/** Calls the application for one request, and counts it until the application has finished. */
export function runRequest(request: FcgiRequest, environ: Environ, context: FcgiContext): void {
  context.active++;
  const running = respond(context.application, environ, request, {
    debug: context.debug,
    timeoutMs: context.requestTimeoutMs,
    onTimeout: () => {
      const path = printable(environ.PATH_INFO);
      context.log("error", `${path} took longer than ${context.requestTimeoutMs} ms`);
      request.cancellation.abort(new DOMException("the request took too long", "TimeoutError"));
    },
  });
  if (running === undefined) context.active--;
  else void running.then(() => context.active--);
}
