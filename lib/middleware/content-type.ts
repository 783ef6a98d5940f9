import { GatewayError } from "../errors.ts";
import { HEADER_VALUE, isBodyless } from "../gateway/head.ts";
import type { Middleware } from "../gateway/types.ts";

/**
 * Adds a `Content-Type` to responses that have none and may have a body.
 *
 * @param type such as `"application/json"`; without it `"text/html; charset=utf-8"`
 * @throws {GatewayError} `OPTION` when the type cannot be the value of a header
 */
export function contentType(type = "text/html; charset=utf-8"): Middleware {
  if (typeof type !== "string" || !HEADER_VALUE.test(type) || !type.includes("/"))
    throw new GatewayError("OPTION", `${JSON.stringify(type)} is no media type, such as "text/html"`);
  return (application) => (environ, startResponse) =>
    application(environ, (status, headers, error) => {
      const list = [...headers];
      const isTyped = list.some(([name]) => name.toLowerCase() === "content-type");
      if (!isTyped && !isBodyless(Number(status.slice(0, 3)))) list.push(["Content-Type", type]);
      return startResponse(status, list, error);
    });
}
