// Ends a response whose application takes too long.

import { GatewayError } from "../errors.ts";
import { durationOf } from "../gateway/duration.ts";
import { LazyKey } from "../gateway/lazy-key.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Middleware } from "../gateway/types.ts";
import { isPromise } from "./response-filter/body-kinds.ts";
import { TimedResponse } from "./timeout/timed-response.ts";

export interface TimeoutOptions {
  /** How long the application may take, in milliseconds. */
  ms: number;

  /**
   * What has to be there by then: the `"end"` of the body, and then the time in which a slow client reads it counts, or its
   * first chunk, the `"head"`, after which a download or an event stream may take as long as it likes.
   *
   * @defaultValue `"end"`
   */
  until?: "head" | "end" | undefined;
}

/**
 * Answers 504 when the application takes too long and nothing has been sent, and cuts the response visibly when something
 * has. `postern.signal` is aborted then, with a `TimeoutError`, as it is when the client goes away: what does not heed it
 * goes on for nobody. Its late errors are logged.
 *
 * For parts of a site; `requestTimeoutMs` of the server is for the whole. No timer interrupts an application that does not
 * give the event loop a turn. A body that is an array or a file has taken its time when it is returned.
 *
 * @example
 * const search = timeout({ ms: 5_000 })(application);
 *
 * @throws {GatewayError} `OPTION` when the time is none, or `until` is neither word
 */
export function timeout(options: TimeoutOptions): Middleware {
  checkOptions("timeout()", options, { ms: true, until: true });
  const { ms, until = "end" } = options;
  const limitMs = durationOf("ms", ms);
  if (limitMs === 0) throw new GatewayError("OPTION", `option "ms" is ${ms}; give milliseconds from 1 on`);
  if (until !== "head" && until !== "end")
    throw new GatewayError("OPTION", `option "until" is ${JSON.stringify(until)}; give "head" or "end"`);
  return (application) => {
    const signal = new LazyKey("postern.signal");
    return (environ, startResponse) => {
      const response = new TimedResponse(environ, startResponse, until);
      signal.define(environ, (outer) => response.signalAfter(outer));
      const body = application(environ, response.startResponse);
      if (Array.isArray(body)) return body;
      response.start(limitMs);
      return isPromise(body) ? response.takeLater(body) : response.take(body);
    };
  };
}
