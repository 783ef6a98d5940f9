import { checkApplication } from "../gateway/stack.ts";
import type { Middleware } from "../gateway/types.ts";
import { filterResponse } from "./response-filter.ts";

/**
 * Answers HEAD with the head that GET would get and without its body, which is left after its first chunk. Postern's servers
 * do so by themselves; this is for other hosts of gateway applications. Put it outside of what makes headers of a body.
 */
export const head: Middleware = (application) => {
  checkApplication(application);
  return (environ, startResponse) =>
    environ.REQUEST_METHOD === "HEAD"
      ? filterResponse(application, environ, startResponse, () => [])
      : application(environ, startResponse);
};
