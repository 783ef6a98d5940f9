import { GatewayError } from "../errors.ts";
import type { Environ, Middleware } from "../gateway/types.ts";

/**
 * Middleware for some requests: the others go to the application itself. The middleware is put around the application once,
 * whatever the requests are.
 *
 * @param predicate asked for each request; a promise makes all of them asynchronous
 * @example
 * when((environ) => environ.PATH_INFO.startsWith("/api/"), compression())
 */
export function when(
  predicate: (environ: Environ) => boolean | Promise<boolean>,
  middleware: Middleware,
): Middleware {
  if (typeof predicate !== "function" || typeof middleware !== "function")
    throw new GatewayError("OPTION", "when() takes a function of environ and a middleware");
  return (application) => {
    const wrapped = middleware(application);
    return (environ, startResponse) => {
      const applies = predicate(environ);
      if (typeof applies === "boolean") return (applies ? wrapped : application)(environ, startResponse);
      return applies.then((settled) => (settled ? wrapped : application)(environ, startResponse));
    };
  };
}
