import { ApplicationError } from "../errors.ts";
import type { Header } from "../gateway/types.ts";
import type { RouteLink } from "./link.ts";
import { statusLine } from "./status.ts";

/** Headers as an object or, where a name occurs twice, as pairs. */
export type HeaderFields = Readonly<Record<string, string>> | Iterable<Header>;

/**
 * A response that ends a request, thrown or returned by a handler. It is an `Error` only so that linters and
 * debuggers accept it where it is thrown; nothing is logged for it.
 */
export class HttpResponse extends Error {
  readonly status: number;
  readonly headers: readonly Header[];
  /** Whatever a handler may return; `undefined` asks for the application's own page for this status. */
  readonly body: unknown;

  /** @throws ApplicationError `STATUS`: not an integer from 200 to 599 */
  constructor(status: number, body?: unknown, headers: HeaderFields = []) {
    const { stackTraceLimit } = Error;
    // Where it was made interests nobody, and finding out takes longer than the whole rest of a request.
    Error.stackTraceLimit = 0;
    super();
    Error.stackTraceLimit = stackTraceLimit;
    this.message = statusLine(status);
    this.name = "HttpResponse";
    this.status = status;
    this.body = body;
    this.headers = pairs(headers);
  }
}

/** A response that sends the client elsewhere. The address is worked out when the mount is known. */
export class Redirect extends HttpResponse {
  readonly target: string | RouteLink;
  readonly absolute: boolean;

  /** @throws ApplicationError `REDIRECT`: nothing that could be an address, as of a value that is missing */
  constructor(status: number, target: string | RouteLink, options: RedirectOptions = {}) {
    if (typeof target !== "string" && !Array.isArray(target)) {
      throw new ApplicationError(
        "REDIRECT",
        `a redirect leads to a path, a URL, or [name, parameters] of a route, not to ${target}`,
      );
    }
    // As of other frameworks, whose redirects take a status there.
    if (typeof options !== "object" || options === null) {
      throw new ApplicationError(
        "REDIRECT",
        `the options of a redirect are an object, such as { headers }, and this is ${options}; ` +
          "seeOther() and its like say the status, or redirect(target, { status: 302 })",
      );
    }
    super(status, "", options.headers);
    this.name = "Redirect";
    this.target = target;
    this.absolute = options.absolute ?? false;
  }
}

export interface RedirectOptions {
  /**
   * Takes a path that begins with `/` from the outermost application instead of the one that redirects.
   *
   * @defaultValue `false`
   */
  absolute?: boolean;

  /** @defaultValue none but `Location` */
  headers?: HeaderFields;
}

function pairs(headers: HeaderFields): readonly Header[] {
  return Symbol.iterator in headers ? [...(headers as Iterable<Header>)] : Object.entries(headers);
}
