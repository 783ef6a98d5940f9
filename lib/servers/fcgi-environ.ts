import { completeEnviron } from "../gateway/environ.ts";
import type { Environ } from "../gateway/types.ts";
import { addVariable, dropMissing, roomyEnviron } from "../gateway/variables.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import type { FcgiRequest } from "./fcgi-request.ts";

/**
 * The environ of a request whose PARAMS have ended.
 *
 * @throws {ProtocolError} when the variables cannot be read, or make no request
 */
export function environOf(request: FcgiRequest, context: FcgiContext): Environ {
  const environ = roomyEnviron();
  request.takeParams((name, value) => addVariable(environ, name, value));
  dropMissing(environ);
  const gateway = {
    input: request.body,
    errors: request.errors,
    cancellation: request.cancellation,
    multithread: true,
    multiprocess: context.multiprocess,
    runOnce: false,
  };
  completeEnviron(environ, gateway, context.environ);
  return environ;
}
