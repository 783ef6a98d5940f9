// Fetch handlers as gateway applications, and gateway applications as fetch handlers.

import { ApplicationError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Application, Body, Environ, StartResponse } from "../gateway/types.ts";
import { type ConnectionInfo, connectionOf, Incoming } from "./fetch/connection.ts";
import { FetchContext } from "./fetch/fetch-context.ts";
import { overrideGlobalObjects } from "./fetch/global-objects.ts";
import { LightRequest } from "./fetch/light-request.ts";
import { requestMethod } from "./fetch/request-method.ts";
import { requestUrl } from "./fetch/request-url.ts";
import { sendResponse } from "./fetch/send-response.ts";

export type { ConnectionInfo } from "./fetch/connection.ts";
export type { FetchContext } from "./fetch/fetch-context.ts";
export { restoreGlobalObjects } from "./fetch/global-objects.ts";
export { type Fetch, type ToFetchOptions, toFetch } from "./fetch/to-fetch.ts";

/** The second argument of a fetch handler: the environ of the request, with what `@hono/node-server` has there. */
export type FetchEnviron = Environ & { readonly incoming: Incoming };

export type FetchFunction<Env = FetchEnviron> = (
  request: Request,
  env: Env,
  context: FetchContext,
) => Response | Promise<Response>;

/** A function of that shape, or an object with one named `fetch`: a Hono or itty-router application, a worker's module. */
export type FetchHandler<Env = FetchEnviron> = FetchFunction<Env> | { fetch: FetchFunction<Env> };

export interface FromFetchOptions {
  /**
   * Leaves SCRIPT_NAME out of the URL: an application that knows nothing of where it is mounted finds its routes there, and
   * has to write its links with the mount, which is `env.SCRIPT_NAME`.
   *
   * @defaultValue `false`: the URL is what the client asked for
   */
  readonly stripScriptName?: boolean;

  /**
   * Puts a Request and a Response in the place of the global ones that are Node's in all but what they cost: Node makes
   * a stream for every body, and looks at every header, also of those that nobody asks for. With `false` the global objects
   * stay as they are, the handler gets Node's own Request, and a small request costs some three times the CPU time.
   * `restoreGlobalObjects()` puts Node's back.
   *
   * @defaultValue `true`
   */
  readonly overrideGlobalObjects?: boolean;
}

/**
 * A fetch handler as a gateway application.
 *
 * @throws {ApplicationError} `FETCH_HANDLER` when it is neither a function nor an object with a method `fetch`
 * @example
 * const app = new Hono();
 * app.get("/", (c) => c.text("Hello!"));
 * await new WSGIServer(fromFetch(app)).run();
 */
export function fromFetch<Env = FetchEnviron>(
  handler: FetchHandler<Env>,
  options: FromFetchOptions = {},
): Application {
  checkOptions("fromFetch()", options, { stripScriptName: true, overrideGlobalObjects: true });
  const call = callOf(handler);
  const { stripScriptName = false, overrideGlobalObjects: light = true } = options;
  if (light) overrideGlobalObjects();
  return (environ, startResponse) => {
    const method = requestMethod(environ.REQUEST_METHOD);
    if (typeof method !== "string") return refuse(startResponse, method.refused);
    const url = requestUrl(environ, stripScriptName);
    if (url === undefined) return refuse(startResponse, "400 Bad Request");
    const request = LightRequest.make(environ, url, method);
    environ["incoming"] = new Incoming(environ);
    const answer = call(
      light ? request : LightRequest.nativeOf(request),
      environ as Env,
      new FetchContext(environ),
    );
    if (!isPromise(answer)) return sendResponse(answer, environ, startResponse);
    return answer.then((response) => sendResponse(response, environ, startResponse));
  };
}

/**
 * Whom a request came from, in the shape of Hono's helpers of that name; `c.env` is the handler's second argument.
 *
 * @example
 * app.get("/", (c) => c.text(`You are ${getConnInfo(c).remote.address}`));
 */
export function getConnInfo(c: { readonly env: unknown }): ConnectionInfo {
  return connectionOf(c.env as Environ);
}

function callOf<Env>(handler: FetchHandler<Env>): (...parameters: Parameters<FetchFunction<Env>>) => unknown {
  if (typeof handler === "function") return handler;
  if (typeof handler?.fetch !== "function") {
    throw new ApplicationError(
      "FETCH_HANDLER",
      "a fetch handler is a function that takes a Request, or an object with such a method named fetch",
    );
  }
  return (...parameters) => handler.fetch(...parameters);
}

function refuse(startResponse: StartResponse, status: string): Body {
  startResponse(status, [["Content-Type", "text/plain; charset=utf-8"]]);
  return [`${status.slice(4)}\n`];
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
