import { checkOrigins, isFromHere, logRefusal } from "../gateway/cross-origin.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Middleware } from "../gateway/types.ts";

export interface CrossOriginOptions {
  /**
   * Other origins whose pages may send unsafe requests, such as `"https://www.example.org"`.
   *
   * @defaultValue none
   */
  trustedOrigins?: readonly string[] | undefined;
}

/** RFC 9110 §9.2.1: methods that ask for nothing but an answer. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Answers 403 to a request that another site's page makes a browser send (cross-site request forgery), unless its method
 * is safe: by `Sec-Fetch-Site`, else by `Origin` against `Host`. What sends neither is no browser. No tokens are needed, as
 * long as nothing is changed by a safe method.
 *
 * It is what an application of the framework does by itself, for those of another make.
 *
 * @example
 * const app = crossOrigin()(fromNode(express));
 *
 * @throws {GatewayError} `OPTION` when an origin is none
 */
export function crossOrigin(options: CrossOriginOptions = {}): Middleware {
  checkOptions("crossOrigin()", options, { trustedOrigins: true });
  const { trustedOrigins = [] } = options;
  checkOrigins("trustedOrigins", trustedOrigins);
  return (application) => (environ, startResponse) => {
    if (SAFE.has(environ.REQUEST_METHOD) || isFromHere(environ, trustedOrigins))
      return application(environ, startResponse);
    logRefusal(environ);
    return answerPlainly(startResponse, "403 Forbidden");
  };
}
