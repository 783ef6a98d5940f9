import { ProtocolError } from "../../errors.ts";
import { completeEnviron } from "../../gateway/environ.ts";
import { ErrorStream } from "../../gateway/error-stream.ts";
import { writeToStderr } from "../../gateway/log.ts";
import { checkOptions } from "../../gateway/option-names.ts";
import { refuse, respond } from "../../gateway/respond.ts";
import { checkApplication } from "../../gateway/stack.ts";
import type { Application } from "../../gateway/types.ts";
import { environOf } from "./request-environ.ts";
import { RequestInput } from "./request-input.ts";
import { FetchSink } from "./response-sink.ts";

export interface ToFetchOptions {
  /** Where the application is mounted, such as `"/app"`. @defaultValue `""` */
  readonly scriptName?: string;
  /**
   * Variables that a Request does not hold, such as REMOTE_ADDR: an object, or a function that gets what the host calls
   * the handler with.
   *
   * @defaultValue none
   */
  readonly environ?: Variables | ((request: Request, ...more: never[]) => Variables);
  /** Takes what the application writes to `wsgi.errors`. @defaultValue standard error */
  readonly writeErrors?: (bytes: Uint8Array) => void;
  /** Shows an error's trace to the client. @defaultValue `false` */
  readonly debug?: boolean;
}

type Variables = Readonly<Record<string, string>>;

/** What a host of fetch handlers calls; `env` and `context` are its own. */
export type Fetch = (request: Request, env?: unknown, context?: unknown) => Promise<Response>;

/**
 * A gateway application as a fetch handler, for a host that runs those.
 *
 * The promise rejects when the request is aborted before its response has begun.
 *
 * @example
 * export default { fetch: toFetch(application) };
 */
export function toFetch(application: Application, options: ToFetchOptions = {}): Fetch {
  checkApplication(application);
  checkOptions("toFetch()", options, { scriptName: true, environ: true, writeErrors: true, debug: true });
  const { debug, writeErrors = writeToStderr, scriptName } = options;
  const errors = new ErrorStream(writeErrors);
  return (request, env, context) => {
    const { method, signal } = request;
    const cancellation = new AbortController();
    const sink = new FetchSink(method, cancellation);
    const abort = (): void => sink.abandon(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const run = async (): Promise<void> => {
      const environ = environOf(request);
      const variables = variablesOf(options, [request, env, context]);
      const input = new RequestInput(request);
      const values = { input, errors, cancellation, multithread: true, multiprocess: false, runOnce: false };
      try {
        completeEnviron(environ, values, { environ: variables, scriptName, repair: false });
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        refuse(sink, method, "400 Bad Request");
        return;
      }
      await respond(application, environ, sink, { debug });
    };
    const running = run().finally(() => signal.removeEventListener("abort", abort));
    // A host may end what nobody waits for, such as the cleaning up behind a response.
    if (hasWaitUntil(context)) context.waitUntil(running);
    return Promise.race([sink.response, running.then(() => sink.response)]);
  };
}

function variablesOf(
  { environ }: ToFetchOptions,
  parameters: [Request, ...unknown[]],
): Variables | undefined {
  return typeof environ === "function" ? environ(...(parameters as [Request, ...never[]])) : environ;
}

function hasWaitUntil(context: unknown): context is { waitUntil(work: Promise<unknown>): void } {
  return typeof (context as { waitUntil?: unknown } | null | undefined)?.waitUntil === "function";
}
