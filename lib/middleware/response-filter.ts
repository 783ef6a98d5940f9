// What middleware needs that looks at a response or changes it: one place that knows when a head is certain, and that a
// body is left once.

import type { Application, Body, Environ, StartResponse } from "../gateway/types.ts";
import { isPromise } from "./response-filter/body-kinds.ts";
import {
  DRAW_FIRST,
  FilteredResponse,
  type ResponseFilter,
  type ResponseHead,
} from "./response-filter/filtered-response.ts";
import { type ResponseOutcome, WatchedResponse } from "./response-filter/watched-response.ts";

export type { HeaderList } from "./response-filter/header-list.ts";
export type { ResponseFilter, ResponseHead, ResponseOutcome };
export { DRAW_FIRST };

/**
 * Calls an application and has `filter` decide about its response: it may change status and headers, and give the body
 * that it got, or another in its place.
 *
 * The filter is asked once, when the head is certain. For an array and for a file that is when the application returns
 * them, and an array that the filter gives for an array goes out as synchronously as it came in. Any other body is asked
 * for its first chunk that is not empty before, since until then the application may still replace the head; the filter
 * gets a body that begins with that chunk. It need not read nor leave it: what it has not read to the end when the
 * response is over is left by `return()`, once, and closed.
 *
 * A file is opened when its first chunk is asked for, and one that cannot be opened may still answer otherwise. A filter that
 * changes what a file answers gives `DRAW_FIRST` for it, and is asked again when that chunk is there, for a body that is no
 * file any more.
 *
 * What an application sends with `write` passes as it is, with its body: `written` is asked about the head alone then.
 *
 * @param filter may return a promise, which makes the response asynchronous
 * @param written for a response that is sent with `write`
 */
export function filterResponse(
  application: Application,
  environ: Environ,
  startResponse: StartResponse,
  filter: ResponseFilter,
  written?: (head: ResponseHead) => void,
): Body | Promise<Body> {
  const response = new FilteredResponse(environ, startResponse, filter, written);
  const body = application(environ, response.startResponse);
  return isPromise(body) ? body.then((settled) => response.take(settled)) : response.take(body);
}

/**
 * Calls an application and tells `end`, once, what became of its response: when an array is returned, when any other body
 * has ended, failed or was left, or when the application threw. Nothing of the response is changed: an array stays that
 * array, a file stays one.
 */
export function watchResponse(
  application: Application,
  environ: Environ,
  startResponse: StartResponse,
  end: (outcome: ResponseOutcome) => void,
): Body | Promise<Body> {
  const response = new WatchedResponse(environ, startResponse, end);
  try {
    const body = application(environ, response.startResponse);
    if (!isPromise(body)) return response.take(body);
    // What is no body fails when it is taken.
    return body.then((settled) => response.take(settled)).catch((error: unknown) => response.fail(error));
  } catch (error) {
    return response.fail(error);
  }
}
