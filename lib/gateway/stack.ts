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
  checkApplication(application);
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== "function"))
    throw new GatewayError("OPTION", 'option "middleware" is a list of functions, such as [accessLog()]');
  return middleware.reduceRight((inner, wrap) => wrap(inner), application);
}

/** @throws {GatewayError} `APPLICATION` when it is none */
export function checkApplication(application: unknown): void {
  if (typeof application === "function") return;
  throw new GatewayError(
    "APPLICATION",
    `an application is a function of environ and startResponse, and this is of type ${typeof application}; ` +
      "those of other frameworks are wrapped by postern/bridge/node and postern/bridge/fetch",
  );
}
