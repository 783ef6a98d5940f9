// One application after the other, until one has something.

import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Application, Body, Environ, StartResponse } from "../gateway/types.ts";
import { Attempt } from "./cascade/attempt.ts";
import { notFound } from "./mount/not-found.ts";
import { isPromise } from "./response-filter/body-kinds.ts";

export interface CascadeOptions {
  /**
   * The codes by which an application says that it has nothing for a request.
   *
   * @defaultValue `[404, 405]`
   */
  missing?: readonly number[] | undefined;
}

/**
 * Tries applications in their order until one answers otherwise than 404 or 405; the answer of the last one counts, whatever
 * it is. Each gets `SCRIPT_NAME` and `PATH_INFO` as they came; what else an application puts into the environ, the next one
 * finds there.
 *
 * The body of a request can be read once: what an application answers that has read of it is final, so put those that answer
 * 404 without reading first. So is what is sent with `write`. All that an application did before it answered 404 is done.
 *
 * @example
 * export const app = cascade([staticApplication("public"), application(urls)]);
 *
 * @throws {GatewayError} `OPTION` when there is no application, or one is no function
 */
export function cascade(applications: readonly Application[], options: CascadeOptions = {}): Application {
  checkOptions("cascade()", options, { missing: true });
  const { missing = [404, 405] } = options;
  if (
    !Array.isArray(applications) ||
    applications.length === 0 ||
    applications.some((one) => typeof one !== "function")
  )
    throw new GatewayError("OPTION", "a cascade is of one application or more, each a function");
  const codes = new Set(missing);
  const [last = notFound, ...others] = applications.toReversed();
  return others.reduce((rest, application) => orElse(application, rest, codes), last);
}

/** The answer of `first`, or that of `second` where the first has nothing. */
function orElse(first: Application, second: Application, missing: ReadonlySet<number>): Application {
  return (environ, startResponse) => {
    const { SCRIPT_NAME, PATH_INFO } = environ;
    const goOn = (): Body | Promise<Body> => {
      environ.SCRIPT_NAME = SCRIPT_NAME;
      environ.PATH_INFO = PATH_INFO;
      return second(environ, startResponse);
    };
    return attempt(first, environ, startResponse, missing, goOn);
  };
}

function attempt(
  application: Application,
  environ: Environ,
  startResponse: StartResponse,
  missing: ReadonlySet<number>,
  goOn: () => Body | Promise<Body>,
): Body | Promise<Body> {
  const tried = new Attempt(environ, startResponse, missing);
  const body = application(environ, tried.startResponse);
  return isPromise(body) ? body.then((settled) => tried.take(settled, goOn)) : tried.take(body, goOn);
}
