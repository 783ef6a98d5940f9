import type { Application, Environ, Middleware } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";

/** A middleware around an application, each between validators, as a server and as an application would have it. */
export function between(middleware: Middleware, inner: Application): Application {
  return validate(middleware(validate(inner)));
}

/** Answers with a line of plain text, in an array. */
export function says(text: string): Application {
  return (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [text];
  };
}

/** Answers with the variables of its environ, as JSON. */
export function shows(...names: string[]): Application {
  return (environ: Environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [JSON.stringify(Object.fromEntries(names.map((name) => [name, environ[name] ?? null])))];
  };
}
