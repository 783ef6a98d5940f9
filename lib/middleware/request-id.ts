import { randomUUID } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { HEADER_NAME } from "../gateway/head.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Environ, Middleware } from "../gateway/types.ts";
import { HeaderList } from "./response-filter/header-list.ts";

export interface RequestIdOptions {
  /**
   * Keeps an id that came with the request: for servers behind a front that sets the header in every request. Else a
   * client chooses what is in your logs.
   *
   * @defaultValue `false`
   */
  trust?: boolean | undefined;

  /** The name of the header, of request and response. @defaultValue `"X-Request-Id"` */
  header?: string | undefined;

  /**
   * Makes an id of up to 255 letters, digits and `-._~+/=:@`.
   *
   * @defaultValue a random UUID
   */
  generate?: ((environ: Environ) => string) | undefined;
}

/** What is safe in a header, a log and a URL, and not longer than what others take for an id. */
const ID = /^[\w.~+/=:@-]{1,255}$/;

/**
 * Gives each request an id: in `postern.request_id` and in the request's header for the application, and in a header of the
 * response, unless the application sets that itself. What the server answers in the application's place is without.
 *
 * @example
 * const app = requestId({ trust: true })(application);
 *
 * @throws {GatewayError} `OPTION` when the header is no name of one
 */
export function requestId(options: RequestIdOptions = {}): Middleware {
  checkOptions("requestId()", options, { trust: true, header: true, generate: true });
  const { trust = false, header = "X-Request-Id", generate = () => randomUUID() } = options;
  // Of a variable of the environment "false" would trust.
  if (typeof trust !== "boolean")
    throw new GatewayError("OPTION", `option "trust" is ${JSON.stringify(trust)}; give true or false`);
  if (typeof header !== "string" || !HEADER_NAME.test(header))
    throw new GatewayError(
      "OPTION",
      `option "header" is ${JSON.stringify(header)}; give the name of a header`,
    );
  const variable = `HTTP_${header.toUpperCase().replaceAll("-", "_")}` as const;
  return (application) => (environ, startResponse) => {
    const given = trust ? environ[variable] : undefined;
    const id = given !== undefined && ID.test(given) ? given : generate(environ);
    environ["postern.request_id"] = id;
    environ[variable] = id;
    return application(environ, (status, headers, error) => {
      const list = new HeaderList([...headers]);
      if (!list.has(header)) list.add(header, id);
      return startResponse(status, list.list, error);
    });
  };
}
