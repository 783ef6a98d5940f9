import { GatewayError } from "../errors.ts";
import { stacked } from "../gateway/stack.ts";
import type { Application, Middleware } from "../gateway/types.ts";

/**
 * An application inside of middleware, written in the order in which a request meets them: the first is the outermost.
 *
 * @example
 * export const app = pipeline([compression(), conditionalGet, etag()], application(urls));
 *
 * @throws {GatewayError} `OPTION` when one of them is no function, such as a middleware that was not called for its options
 */
export function pipeline(middleware: readonly Middleware[], application: Application): Application {
  if (!Array.isArray(middleware))
    throw new GatewayError(
      "OPTION",
      "a pipeline is a list of middleware, such as [accessLog(), etag()], and an application",
    );
  for (const [index, one] of [...middleware, application].entries()) {
    if (typeof one !== "function")
      throw new GatewayError(
        "OPTION",
        `number ${index + 1} of the pipeline is ${typeof one}, not a function`,
      );
  }
  return stacked(application, { middleware });
}
