import { completeEnviron } from "../gateway/environ.ts";
import type { Environ } from "../gateway/types.ts";
import { RequestVariables, variableNamed } from "../gateway/variables.ts";
import { KnownNames } from "../protocols/known-names.ts";
import type { FcgiContext } from "./fcgi-context.ts";
import type { FcgiRequest } from "./fcgi-request.ts";

const names = new KnownNames(variableNamed);

/**
 * The environ of a request whose PARAMS have ended.
 *
 * @throws {ProtocolError} when the variables cannot be read, or make no request
 */
export function environOf(request: FcgiRequest, context: FcgiContext): Environ {
  const variables = new RequestVariables();
  request.takeParams(names, variables.add);
  variables.dropMissing();
  const { environ } = variables;
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
