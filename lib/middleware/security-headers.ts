// Headers with which a browser does less for whoever attacks a site.

import { randomBytes } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { HEADER_VALUE } from "../gateway/head.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Environ, Header, Middleware } from "../gateway/types.ts";
import { HeaderList } from "./response-filter/header-list.ts";

export interface StrictTransportSecurity {
  /** How long a browser remembers, in seconds. Begin with a day: there is no way back before that time is over. */
  readonly maxAge: number;
  /** All names below this one must have https too, also those that are not yours to run. @defaultValue `false` */
  readonly includeSubDomains?: boolean | undefined;
  /** Asks to be built into browsers, which takes months to undo. @defaultValue `false` */
  readonly preload?: boolean | undefined;
}

/** Each header's value, or `false` to leave it out. */
export interface SecurityHeadersOptions {
  /** The type of a response is what it says. @defaultValue `"nosniff"` */
  contentTypeOptions?: "nosniff" | false | undefined;

  /** `X-Frame-Options`: who may show a page in a frame. @defaultValue `"SAMEORIGIN"` */
  frameOptions?: "DENY" | "SAMEORIGIN" | false | undefined;

  /**
   * `Referrer-Policy`. helmet's and Hono's `"no-referrer"` has browsers send `Origin: null` with the forms of the site
   * itself, which the check of origins refuses on plain http; this one tells other sites as little.
   *
   * @defaultValue `"same-origin"`
   */
  referrerPolicy?: string | false | undefined;

  /** `Cross-Origin-Opener-Policy`. Sign-in windows of other sites may need `"same-origin-allow-popups"`. @defaultValue `"same-origin"` */
  openerPolicy?: string | false | undefined;

  /** `Cross-Origin-Resource-Policy`. Pictures for other sites' pages need `"cross-origin"`. @defaultValue `"same-origin"` */
  resourcePolicy?: string | false | undefined;

  /** `Cross-Origin-Embedder-Policy`. @defaultValue `false` */
  embedderPolicy?: string | false | undefined;

  /** `Permissions-Policy`, such as `"camera=(), geolocation=()"`. @defaultValue `false` */
  permissionsPolicy?: string | false | undefined;

  /**
   * `Content-Security-Policy`, since none fits all sites. A function gets a nonce, new in each request, which the
   * application finds in `postern.csp_nonce` for its `<script nonce>`. A page with a nonce must not be cached.
   *
   * @defaultValue `false`
   */
  contentSecurityPolicy?: string | ((nonce: string) => string) | false | undefined;

  /** Sends the policy as `Content-Security-Policy-Report-Only`, to try it. @defaultValue `false` */
  reportOnly?: boolean | undefined;

  /** `Strict-Transport-Security`, over https alone (RFC 6797 §7.2). @defaultValue `false` */
  strictTransportSecurity?: StrictTransportSecurity | false | undefined;
}

/** Bytes of a nonce: 128 bits, as the CSP specification asks for. */
const NONCE_BYTES = 16;

/**
 * Adds the headers to every response of the application. One that the application sets itself stays as it is; what the
 * server answers in its place is without them.
 *
 * @example
 * const app = securityHeaders({
 *   contentSecurityPolicy: (nonce) => `default-src 'self'; script-src 'nonce-${nonce}'`,
 * })(application);
 *
 * @throws {GatewayError} `OPTION` when a value cannot be sent
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Middleware {
  checkOptions("securityHeaders()", options, {
    contentTypeOptions: true,
    frameOptions: true,
    referrerPolicy: true,
    openerPolicy: true,
    resourcePolicy: true,
    embedderPolicy: true,
    permissionsPolicy: true,
    contentSecurityPolicy: true,
    reportOnly: true,
    strictTransportSecurity: true,
  });
  const fixed = fixedHeaders(options);
  const transport = transportSecurity(options);
  const { contentSecurityPolicy: policy = false, reportOnly = false } = options;
  const policyName = reportOnly ? "Content-Security-Policy-Report-Only" : "Content-Security-Policy";
  return (application) => (environ, startResponse) => {
    const added =
      environ["wsgi.url_scheme"] === "https" && transport !== undefined ? [...fixed, transport] : fixed;
    const changing =
      typeof policy === "function" ? ([policyName, policy(nonceOf(environ))] as const) : undefined;
    return application(environ, (status, headers, error) => {
      const list = new HeaderList([...headers]);
      for (const [name, value] of added) if (!list.has(name)) list.add(name, value);
      // A 304 replaces headers of the page that the client has kept, with the nonce of that time in it (RFC 9111 §3.2).
      if (changing !== undefined && !status.startsWith("304") && !list.has(policyName)) list.add(...changing);
      return startResponse(status, list.list, error);
    });
  };
}

/** An outer one's is the same. */
function nonceOf(environ: Environ): string {
  const before = environ["postern.csp_nonce"];
  if (typeof before === "string") return before;
  const nonce = randomBytes(NONCE_BYTES).toString("base64");
  environ["postern.csp_nonce"] = nonce;
  return nonce;
}

function fixedHeaders(options: SecurityHeadersOptions): Header[] {
  const { contentSecurityPolicy: policy = false, reportOnly } = options;
  const values: [name: string, value: string | false][] = [
    ["X-Content-Type-Options", options.contentTypeOptions ?? "nosniff"],
    ["X-Frame-Options", options.frameOptions ?? "SAMEORIGIN"],
    ["Referrer-Policy", options.referrerPolicy ?? "same-origin"],
    ["Cross-Origin-Opener-Policy", options.openerPolicy ?? "same-origin"],
    ["Cross-Origin-Resource-Policy", options.resourcePolicy ?? "same-origin"],
    ["Cross-Origin-Embedder-Policy", options.embedderPolicy ?? false],
    ["Permissions-Policy", options.permissionsPolicy ?? false],
    [
      reportOnly === true ? "Content-Security-Policy-Report-Only" : "Content-Security-Policy",
      typeof policy === "function" ? false : policy,
    ],
  ];
  const headers = values.filter((header): header is [string, string] => header[1] !== false);
  for (const [name, value] of headers) {
    if (typeof value !== "string" || value === "" || !HEADER_VALUE.test(value))
      throw new GatewayError(
        "OPTION",
        `the value of ${name} is ${JSON.stringify(value)}, which cannot be sent`,
      );
  }
  return headers;
}

function transportSecurity({ strictTransportSecurity: wanted }: SecurityHeadersOptions): Header | undefined {
  if (wanted === undefined || wanted === false) return undefined;
  const { maxAge, includeSubDomains, preload } = wanted;
  if (!Number.isSafeInteger(maxAge) || maxAge < 0)
    throw new GatewayError("OPTION", `option "maxAge" is ${maxAge}; give seconds from 0 on`);
  const parts = [`max-age=${maxAge}`];
  if (includeSubDomains === true) parts.push("includeSubDomains");
  if (preload === true) parts.push("preload");
  return ["Strict-Transport-Security", parts.join("; ")];
}
