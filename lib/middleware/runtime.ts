import { GatewayError } from "../errors.ts";
import { HEADER_NAME } from "../gateway/head.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Middleware } from "../gateway/types.ts";
import { HeaderList } from "./response-filter/header-list.ts";

export interface RuntimeOptions {
  /**
   * `"X-Runtime"` has seconds, as Rack and Plack write them; `"Server-Timing"` milliseconds, which browsers show among
   * their tools (W3C Server Timing).
   *
   * @defaultValue `"X-Runtime"`
   */
  header?: "X-Runtime" | "Server-Timing" | undefined;

  /** What the time is called: `X-Runtime-Name`, or the metric of `Server-Timing`. @defaultValue none, and `"total"` */
  name?: string | undefined;
}

/**
 * Tells in a header how long the application took until it called `startResponse` for the last time: a body that streams
 * takes longer. An `X-Runtime` that is there already stays, and so several can be told apart by `name`.
 *
 * Whoever can measure can guess secrets from times: leave it to development, or take the header off at the front.
 *
 * @example
 * const app = runtime({ header: "Server-Timing" })(application);
 *
 * @throws {GatewayError} `OPTION` when the header is another, or the name has other characters than a header's
 */
export function runtime(options: RuntimeOptions = {}): Middleware {
  checkOptions("runtime()", options, { header: true, name: true });
  const { header = "X-Runtime", name } = options;
  if (header !== "X-Runtime" && header !== "Server-Timing")
    throw new GatewayError("OPTION", 'option "header" is neither "X-Runtime" nor "Server-Timing"');
  if (name !== undefined && !HEADER_NAME.test(name))
    throw new GatewayError("OPTION", `option "name" is ${JSON.stringify(name)}; give a token`);
  const timing = header === "Server-Timing";
  const field = timing || name === undefined ? header : `${header}-${name}`;
  const metric = name ?? "total";
  return (application) => (environ, startResponse) => {
    const began = performance.now();
    return application(environ, (status, headers, error) => {
      const took = performance.now() - began;
      const list = new HeaderList([...headers]);
      if (timing) list.add(field, `${metric};dur=${took.toFixed(3)}`);
      else if (!list.has(field)) list.add(field, (took / 1_000).toFixed(6));
      return startResponse(status, list.list, error);
    });
  };
}
