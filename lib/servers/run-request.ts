import { printable } from "../gateway/log.ts";
import { type RespondOptions, respond } from "../gateway/respond.ts";
import type { ResponseSink } from "../gateway/sink.ts";
import type { Environ } from "../gateway/types.ts";
import type { ServerContext } from "./context.ts";

/** A request whose head has been read, as the place where its response goes. */
export interface ServedRequest extends ResponseSink {
  /** What `postern.signal` of its environ belongs to. */
  readonly cancellation: AbortController;
}

/** Calls the application for one request, and counts it until the application has finished. */
export function runRequest(request: ServedRequest, environ: Environ, context: ServerContext): void {
  const { counters } = context;
  const began = counters.begin();
  const options =
    context.requestTimeoutMs === 0 ? context.respondOptions : limited(request, environ, context);
  const running = respond(context.application, environ, request, options);
  if (running === undefined) counters.end(began);
  else void running.then(() => counters.end(began));
}

function limited(request: ServedRequest, environ: Environ, context: ServerContext): RespondOptions {
  const { requestTimeoutMs: timeoutMs, respondOptions, log } = context;
  const onTimeout = (): void => {
    log("error", `${printable(environ.PATH_INFO)} took longer than ${timeoutMs} ms`);
    request.cancellation.abort(new DOMException("the request took too long", "TimeoutError"));
  };
  return { ...respondOptions, timeoutMs, onTimeout };
}
