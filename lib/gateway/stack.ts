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

/** An application inside of middleware. */
export function stacked(application: Application, { middleware = [] }: StackOptions): Application {
  return middleware.reduceRight((inner, wrap) => wrap(inner), application);
}
