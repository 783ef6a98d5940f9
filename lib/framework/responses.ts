// One function for each registered status, named after its reason phrase. Each makes a response that a
// handler throws or returns; `body` is anything a handler may return, and left out it is the status's own page.

import { ApplicationError } from "../errors.ts";
import { type HeaderFields, HttpResponse, Redirect, type RedirectOptions } from "./http-response.ts";
import type { RouteLink } from "./link.ts";

/** Makes a response with one status. */
export type Responder = (body?: unknown, headers?: HeaderFields) => HttpResponse;

/** Makes a response that has no body. */
export type BareResponder = (headers?: HeaderFields) => HttpResponse;

/**
 * Makes a redirect. A path that begins with `/` belongs to the application that redirects, wherever it is
 * mounted; a path without is joined to the one requested; an address with a scheme is sent as it is. A list is what
 * `web.url()` takes for a named route: `seeOther(["article", { id }])`. (What `web.url()` gave has the mount in front already.)
 */
export type Redirector = (target: string | RouteLink, options?: RedirectOptions) => Redirect;

const status =
  (code: number): Responder =>
  (body, headers) =>
    new HttpResponse(code, body, headers);

const bare =
  (code: number): BareResponder =>
  (headers) =>
    new HttpResponse(code, "", headers);

const redirector =
  (code: number): Redirector =>
  (target, options) =>
    new Redirect(code, target, options);

export const ok: Responder = (body = "", headers) => new HttpResponse(200, body, headers);
export const created: Responder = status(201);
export const accepted: Responder = status(202);
export const nonAuthoritativeInformation: Responder = status(203);
export const noContent: BareResponder = bare(204);
export const resetContent: BareResponder = bare(205);
export const partialContent: Responder = status(206);
export const multiStatus: Responder = status(207);
export const alreadyReported: Responder = status(208);
export const imUsed: Responder = status(226);

export const multipleChoices: Responder = status(300);
export const movedPermanently: Redirector = redirector(301);
export const found: Redirector = redirector(302);
export const seeOther: Redirector = redirector(303);
export const notModified: BareResponder = bare(304);
export const useProxy: Redirector = redirector(305);
export const temporaryRedirect: Redirector = redirector(307);
export const permanentRedirect: Redirector = redirector(308);

export const badRequest: Responder = status(400);
export const unauthorized: Responder = status(401);
export const paymentRequired: Responder = status(402);
export const forbidden: Responder = status(403);
export const notFound: Responder = status(404);
export const notAcceptable: Responder = status(406);
export const proxyAuthenticationRequired: Responder = status(407);
export const requestTimeout: Responder = status(408);
export const conflict: Responder = status(409);
export const gone: Responder = status(410);
export const lengthRequired: Responder = status(411);
export const preconditionFailed: Responder = status(412);
export const contentTooLarge: Responder = status(413);
export const uriTooLong: Responder = status(414);
export const unsupportedMediaType: Responder = status(415);
export const rangeNotSatisfiable: Responder = status(416);
export const expectationFailed: Responder = status(417);
export const misdirectedRequest: Responder = status(421);
export const unprocessableContent: Responder = status(422);
export const locked: Responder = status(423);
export const failedDependency: Responder = status(424);
export const tooEarly: Responder = status(425);
export const upgradeRequired: Responder = status(426);
export const preconditionRequired: Responder = status(428);
export const tooManyRequests: Responder = status(429);
export const requestHeaderFieldsTooLarge: Responder = status(431);
export const unavailableForLegalReasons: Responder = status(451);

export const internalServerError: Responder = status(500);
export const notImplemented: Responder = status(501);
export const badGateway: Responder = status(502);
export const serviceUnavailable: Responder = status(503);
export const gatewayTimeout: Responder = status(504);
export const httpVersionNotSupported: Responder = status(505);
export const variantAlsoNegotiates: Responder = status(506);
export const insufficientStorage: Responder = status(507);
export const loopDetected: Responder = status(508);
export const notExtended: Responder = status(510);
export const networkAuthenticationRequired: Responder = status(511);

/** Any result as it is, with a status and a type: `html("<p>…", 201)`. */
const typed =
  (type: string, write: (value: unknown) => string): Typed =>
  (value, code = 200, headers = []) => {
    const { headers: more } = new HttpResponse(code, "", headers);
    return new HttpResponse(code, write(value), [["Content-Type", type], ...more]);
  };

/** Makes a response of one media type. The status is 200 unless told otherwise. */
export type Typed = (value: unknown, status?: number, headers?: HeaderFields) => HttpResponse;

/** Text as it is, sent as HTML. */
export const html: Typed = typed("text/html; charset=utf-8", String);
/** Text as it is, sent as plain text. */
export const text: Typed = typed("text/plain; charset=utf-8", String);
/** Any value as JSON: strings, numbers and `null` too, which a handler that returns them sends as HTML. */
export const json: Typed = typed("application/json", (value) => JSON.stringify(value) ?? "null");

/** 405 with the `Allow` header that RFC 9110 §15.5.6 asks for. */
export function methodNotAllowed(
  allow: readonly string[],
  body?: unknown,
  headers: HeaderFields = [],
): HttpResponse {
  const response = new HttpResponse(405, body, headers);
  return new HttpResponse(405, body, [["Allow", allow.join(", ")], ...response.headers]);
}

/**
 * web.py's redirect: 301 unless told otherwise. In a URL map, `$1` and `$<name>` in the target are replaced by
 * the groups of the pattern, and the query goes along.
 *
 * @throws ApplicationError `REDIRECT`: a status that is none of a redirect, or a target that is no address
 */
export function redirect(
  target: string | RouteLink,
  options: RedirectOptions & { status?: number } = {},
): Redirect {
  const status = options?.status ?? 301;
  if (status >= 300 && status <= 399) return new Redirect(status, target, options);
  throw new ApplicationError("REDIRECT", `${status} is no status of a redirect: use one from 300 to 399`);
}
