import { GatewayError } from "../errors.ts";
import type { Application, Middleware } from "./types.ts";

export interface StackOptions {
  /**
   * What the server puts around the application, for middleware that the application does not know of, such as the
   * status page. The first is the outermost.
   *
   * @defaultValue none
   */
  middleware?: readonly Middleware[];
}

/**
 * An application inside of middleware.
 *
 * @throws {GatewayError} `APPLICATION` when it is none, as each request would find out; `OPTION` when the middleware is none
 */
export function stacked(application: Application, options: StackOptions): Application {
  const { middleware = [] } = options ?? {};
  if (typeof application !== "function") {
    throw new GatewayError(
      "APPLICATION",
      `an application is a function of environ and startResponse, and this is of type ${typeof application}; ` +
        "those of other frameworks are wrapped by postern/bridge/node and postern/bridge/fetch",
    );
  }
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== "function"))
    throw new GatewayError("OPTION", 'option "middleware" is a list of functions, such as [accessLog()]');
  return middleware.reduceRight((inner, wrap) => wrap(inner), application);
}
