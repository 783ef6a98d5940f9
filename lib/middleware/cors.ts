// Cross-origin resource sharing (the Fetch standard §3.3): which other sites' pages may read responses.

import { GatewayError } from "../errors.ts";
import { isOrigin } from "../gateway/cross-origin.ts";
import { HEADER_NAME } from "../gateway/head.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Environ, Header, Middleware } from "../gateway/types.ts";
import { HeaderList } from "./response-filter/header-list.ts";

export interface CorsOptions {
  /**
   * Origins whose pages may read: `"*"` for all, a list such as `["https://app.example.org"]`, or a function that decides.
   * A function that says yes to all is more dangerous than `"*"`, since it may go with `credentials`.
   */
  origin: "*" | readonly string[] | ((origin: string, environ: Environ) => boolean);

  /** Whether pages may read what their user's cookies give. Never with `"*"`. @defaultValue `false` */
  credentials?: boolean | undefined;

  /** Methods that a preflight allows. @defaultValue `["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"]` */
  methods?: readonly string[] | undefined;

  /** Headers of requests that a preflight allows. @defaultValue those that it asks for */
  headers?: readonly string[] | undefined;

  /** Headers of responses that pages may read beyond the harmless ones. @defaultValue none */
  expose?: readonly string[] | undefined;

  /** How long a browser may keep a preflight's answer, in seconds. @defaultValue what the browser likes: 5 in the standard */
  maxAge?: number | undefined;
}

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"];

/**
 * Answers preflights (204), and adds `Access-Control-Allow-Origin` and its like to responses for origins that may read
 * them; they are the middleware's alone, so one that the application sets is replaced. `Vary: Origin` is there unless all
 * may. Other origins get no header, and the response: it is the browser that refuses. This protects nothing that a request
 * changes; `crossOrigin` does.
 *
 * Errors that the application throws are answered by the server, without these headers: put an error page inside.
 *
 * @example
 * const api = cors({ origin: ["https://app.example.org"], credentials: true })(application);
 *
 * @throws {GatewayError} `OPTION` for credentials with `"*"`, for an origin that is none, and for what is no header's name
 */
export function cors(options: CorsOptions): Middleware {
  checkOptions("cors()", options, {
    origin: true,
    credentials: true,
    methods: true,
    headers: true,
    expose: true,
    maxAge: true,
  });
  checkValues(options);
  const { credentials = false, expose = [] } = options;
  const isAllowed = decisionOf(options);
  const vary = options.origin !== "*";
  return (application) => (environ, startResponse) => {
    const { HTTP_ORIGIN: origin } = environ;
    const shared: Header[] = [];
    if (origin !== undefined && isAllowed(origin, environ)) {
      shared.push(["Access-Control-Allow-Origin", vary ? origin : "*"]);
      if (credentials) shared.push(["Access-Control-Allow-Credentials", "true"]);
    }
    if (isPreflight(environ)) {
      const list = new HeaderList([
        ...shared,
        ...(shared.length > 0 ? preflightHeaders(options, environ) : []),
      ]);
      if (vary) list.vary("Origin");
      if (options.headers === undefined) list.vary("Access-Control-Request-Headers");
      startResponse("204 No Content", list.list);
      return [];
    }
    if (shared.length > 0 && expose.length > 0)
      shared.push(["Access-Control-Expose-Headers", expose.join(", ")]);
    return application(environ, (status, headers, error) => {
      const list = new HeaderList([...headers]);
      for (const name of OURS) list.remove(name);
      for (const [name, value] of shared) list.add(name, value);
      if (vary) list.vary("Origin");
      return startResponse(status, list.list, error);
    });
  };
}

const OURS = [
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Credentials",
  "Access-Control-Expose-Headers",
];

/** The Fetch standard §3.3.1; any other OPTIONS is the application's. */
function isPreflight(environ: Environ): boolean {
  return (
    environ.REQUEST_METHOD === "OPTIONS" &&
    environ.HTTP_ORIGIN !== undefined &&
    environ.HTTP_ACCESS_CONTROL_REQUEST_METHOD !== undefined
  );
}

function preflightHeaders({ methods = METHODS, headers, maxAge }: CorsOptions, environ: Environ): Header[] {
  const answer: Header[] = [["Access-Control-Allow-Methods", methods.join(", ")]];
  const names = headers ?? askedHeaders(environ);
  if (names.length > 0) answer.push(["Access-Control-Allow-Headers", names.join(", ")]);
  if (maxAge !== undefined) answer.push(["Access-Control-Max-Age", String(maxAge)]);
  return answer;
}

/** A client's words, so what is no name of a header is left out. */
function askedHeaders({ HTTP_ACCESS_CONTROL_REQUEST_HEADERS: asked = "" }: Environ): string[] {
  return asked
    .split(",")
    .map((name) => name.trim())
    .filter((name) => HEADER_NAME.test(name));
}

function decisionOf({ origin }: CorsOptions): (origin: string, environ: Environ) => boolean {
  if (origin === "*") return () => true;
  // What a header of the response will hold is looked at in any case.
  if (typeof origin === "function")
    return (asked, environ) => /^[!-~]+$/.test(asked) && origin(asked, environ) === true;
  const origins = new Set(origin);
  return (asked) => origins.has(asked);
}

function checkValues({
  origin,
  credentials,
  methods = [],
  headers = [],
  expose = [],
  maxAge,
}: CorsOptions): void {
  if (origin === "*" && credentials === true)
    throw new GatewayError("OPTION", 'credentials cannot go with the origin "*": name the origins');
  if (origin !== "*" && typeof origin !== "function") {
    const wrong = Array.isArray(origin) ? origin.find((one) => !isOrigin(one)) : origin;
    if (wrong !== undefined || !Array.isArray(origin))
      throw new GatewayError(
        "OPTION",
        `${JSON.stringify(wrong)} is no origin such as "https://app.example.org"`,
      );
  }
  const noToken = [...methods, ...headers, ...expose].find((name) => !HEADER_NAME.test(name));
  if (noToken !== undefined)
    throw new GatewayError(
      "OPTION",
      `${JSON.stringify(noToken)} is neither a method nor the name of a header`,
    );
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0))
    throw new GatewayError("OPTION", `option "maxAge" is ${maxAge}; give seconds from 0 on`);
}
