import { describe, expect, test } from "vitest";
import type { Application, Header } from "../../lib/gateway/types.ts";
import { type SecurityHeadersOptions, securityHeaders } from "../../lib/middleware/security-headers.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";
import { between, shows } from "./between.ts";

async function added(
  options?: SecurityHeadersOptions,
  request: CallRequest = {},
  own: Header[] = [],
  status = "204 No Content",
): Promise<Record<string, string>> {
  const inner: Application = (_environ, startResponse) => {
    startResponse(status, own);
    return [];
  };
  const response = await call(between(securityHeaders(options), inner), "/", request);
  return Object.fromEntries(response.headers.filter(([name]) => name !== "Content-Length"));
}

const standard = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "SAMEORIGIN",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

test("what is there without options, also over https", async () => {
  expect(await added()).toEqual(standard);
  expect(await added({}, { https: true })).toEqual(standard);
});

test("each can be another, or left out", async () => {
  const values: SecurityHeadersOptions = {
    contentTypeOptions: false,
    frameOptions: "DENY",
    referrerPolicy: "no-referrer",
    openerPolicy: false,
    resourcePolicy: "cross-origin",
    embedderPolicy: "require-corp",
    permissionsPolicy: "camera=()",
    contentSecurityPolicy: "default-src 'self'",
  };
  expect(await added(values)).toEqual({
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=()",
    "Content-Security-Policy": "default-src 'self'",
  });
});

test("what the application sets stays", async () => {
  const own: Header[] = [
    ["x-frame-options", "DENY"],
    ["CONTENT-SECURITY-POLICY", "default-src 'none'"],
  ];
  for (const contentSecurityPolicy of ["default-src *", () => "default-src *"]) {
    const { "X-Frame-Options": _left, ...rest } = standard;
    expect(await added({ contentSecurityPolicy }, {}, own)).toEqual({ ...Object.fromEntries(own), ...rest });
  }
});

describe("Strict-Transport-Security", () => {
  test.each<[SecurityHeadersOptions["strictTransportSecurity"], string | undefined]>([
    [undefined, undefined],
    [false, undefined],
    [{ maxAge: 86_400 }, "max-age=86400"],
    [{ maxAge: 0 }, "max-age=0"],
    [
      { maxAge: 63_072_000, includeSubDomains: true, preload: true },
      "max-age=63072000; includeSubDomains; preload",
    ],
  ])("%j over https is %s, and nothing over http", async (strictTransportSecurity, value) => {
    const options = { strictTransportSecurity };
    expect((await added(options, { https: true }))["Strict-Transport-Security"]).toBe(value);
    expect((await added(options))["Strict-Transport-Security"]).toBeUndefined();
  });
});

describe("a policy with a nonce", () => {
  const options: SecurityHeadersOptions = {
    contentSecurityPolicy: (nonce) => `script-src 'nonce-${nonce}'`,
  };

  test("has a new one in each request, of 128 bits, which the application knows", async () => {
    const nonces: string[] = [];
    for (let count = 0; count < 2; count++) {
      const response = await call(between(securityHeaders(options), shows("postern.csp_nonce")), "/");
      const nonce = JSON.parse(response.text)["postern.csp_nonce"];
      expect(response.header("Content-Security-Policy")).toBe(`script-src 'nonce-${nonce}'`);
      expect(Buffer.from(nonce, "base64")).toHaveLength(16);
      nonces.push(nonce);
    }
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  test("is not on a 304, whose page has the nonce of its time", async () => {
    expect(await added(options, {}, [], "304 Not Modified")).toEqual(standard);
  });
});

test("a policy to be tried", async () => {
  for (const contentSecurityPolicy of ["default-src 'self'", () => "default-src 'self'"]) {
    expect(await added({ contentSecurityPolicy, reportOnly: true })).toEqual({
      ...standard,
      "Content-Security-Policy-Report-Only": "default-src 'self'",
    });
  }
});

test.each<SecurityHeadersOptions>([
  { contentSecurityPolicy: "default-src\n'self'" },
  { permissionsPolicy: "" },
  { referrerPolicy: true as unknown as string },
  { strictTransportSecurity: { maxAge: -1 } },
  { strictTransportSecurity: { maxAge: Number.NaN } },
])("%j is refused", (options) => {
  expect(() => securityHeaders(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
});
