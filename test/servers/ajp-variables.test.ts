import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deferredEnviron } from "../../lib/gateway/deferred-environ.ts";
import { completeEnviron, type EnvironOptions, type GatewayValues } from "../../lib/gateway/environ.ts";
import { addHeader } from "../../lib/gateway/header-variable.ts";
import { decodePath, targetPath } from "../../lib/gateway/path.ts";
import { eachHeader } from "../../lib/gateway/plain-environ.ts";
import type { Environ } from "../../lib/gateway/types.ts";
import { emptyEnviron } from "../../lib/gateway/variables.ts";
import { attributeVariables } from "../../lib/servers/ajp-attributes.ts";
import { AjpVariables, requestNames } from "../../lib/servers/ajp-variables.ts";
import {
  type AjpHead,
  type AjpHeader,
  forwardRequest,
  QUERY_STRING,
  REQ_ATTRIBUTE,
} from "../support/ajp-client.ts";
import { gatewayValues } from "../support/received-variables.ts";
import { expectSameEnviron } from "../support/same-environ.ts";

const names = requestNames(attributeVariables(["FOO"]));

/** Without the packet's header. */
function variablesOf(head: AjpHead): AjpVariables {
  const bytes = forwardRequest(head);
  return new AjpVariables(bytes, 4, bytes.length, names);
}

function deferred(head: AjpHead, values = gatewayValues(), options: EnvironOptions = {}): Environ {
  return deferredEnviron(variablesOf(head), values, options);
}

/** What the attributes are called that have a variable each, by number or by the operator's name. */
const ATTRIBUTES = new Map<number | string, string>([
  [0x03, "REMOTE_USER"],
  [0x04, "AUTH_TYPE"],
  [QUERY_STRING, "QUERY_STRING"],
  [0x07, "SSL_CLIENT_CERT"],
  [0x08, "SSL_CIPHER"],
  [0x09, "SSL_SESSION_ID"],
  [0x0b, "SSL_CIPHER_USEKEYSIZE"],
  ["AJP_REMOTE_PORT", "REMOTE_PORT"],
  ["AJP_LOCAL_ADDR", "SERVER_ADDR"],
  ["AJP_SSL_PROTOCOL", "SSL_PROTOCOL"],
  ["FOO", "FOO"],
  ["WSGI_SCRIPT_NAME", "WSGI_SCRIPT_NAME"],
]);

function madeAtOnce(head: AjpHead, values: GatewayValues, options: EnvironOptions): Environ {
  const { method = "GET", uri = "/", headers = [], attributes = [] } = head;
  const environ = emptyEnviron();
  const set = (name: string, value: string | null | undefined): void => {
    if (value !== null && value !== undefined) environ[name] = value;
  };
  if (uri === null) throw Object.assign(new Error(), { code: "AJP_URI" });
  const path = targetPath(uri);
  if (path === "" && uri !== "*") throw Object.assign(new Error(), { code: "REQUEST_TARGET" });
  set("GATEWAY_INTERFACE", "CGI/1.1");
  set("REQUEST_METHOD", method);
  set("SCRIPT_NAME", "");
  set("PATH_INFO", decodePath(path));
  set("SERVER_PROTOCOL", head.protocol);
  set("SERVER_NAME", head.serverName);
  if (head.serverPort !== 0) set("SERVER_PORT", String(head.serverPort));
  set("REMOTE_ADDR", head.remoteAddress);
  set("REMOTE_HOST", head.remoteHost);
  if (head.isSecure === true) set("HTTPS", "on");
  for (const [code, ...strings] of attributes) {
    const name = ATTRIBUTES.get(code === REQ_ATTRIBUTE ? String(strings[0]) : code);
    const value = strings.at(-1);
    if (name !== undefined && value !== null) set(name, String(value));
  }
  const mount = String(environ["WSGI_SCRIPT_NAME"] ?? "").replace(/\/$/, "");
  if (mount.startsWith("/") && `${decodePath(path)}/`.startsWith(`${mount}/`)) {
    set("SCRIPT_NAME", mount);
    set("PATH_INFO", decodePath(path).slice(mount.length));
  }
  const query = environ.QUERY_STRING as string | undefined;
  set("REQUEST_URI", query === undefined ? uri : `${uri}?${query}`);
  set("QUERY_STRING", query ?? "");
  for (const [name, value] of headers) addHeader(environ, name, value ?? "");
  completeEnviron(environ, values, options);
  return environ;
}

test("a request's environ is the one that is made at once, in whatever order it is read", () => {
  const maybe = (...values: string[]) => fc.constantFrom(null, "", ...values);
  const header = fc.tuple(
    fc.constantFrom(
      "Host",
      "HOST",
      "Cookie",
      "cookie",
      "X-A",
      "x-a",
      "X_A",
      "Proxy",
      "Content-Type",
      "Content-Length",
      "content-length",
      "Transfer-Encoding",
    ),
    maybe("5", "6", "example.org:80", "chunked"),
    fc.constantFrom("spelled" as const, undefined),
  );
  const attribute = fc.oneof(
    fc.tuple(fc.constantFrom(0x01, 0x03, 0x04, QUERY_STRING, 0x07, 0x08, 0x09), maybe("a", "b=1")),
    fc.tuple(fc.constant(0x0b), fc.constantFrom(0, 256)),
    fc.tuple(
      fc.constant(REQ_ATTRIBUTE),
      fc.constantFrom("AJP_REMOTE_PORT", "AJP_LOCAL_ADDR", "AJP_SSL_PROTOCOL", "FOO", "BAR", "HTTPS"),
      maybe("on", "1"),
    ),
    fc.tuple(fc.constant(REQ_ATTRIBUTE), fc.constant("WSGI_SCRIPT_NAME"), maybe("/app", "/app/", "app", "/")),
  );
  const head = fc.record({
    method: fc.constantFrom("GET", "POST", "PATCH"),
    uri: maybe("/", "*", "/app/x", "/app%2e/b%20c", "/a/../b", "/x?y", "http://h", "http://h/x", "x"),
    protocol: maybe("HTTP/1.1"),
    remoteAddress: maybe("192.0.2.1"),
    remoteHost: maybe("peer"),
    serverName: maybe("example.org"),
    serverPort: fc.constantFrom(0, 80, 65_535),
    isSecure: fc.boolean(),
    headers: fc.array(header, { maxLength: 8 }) as fc.Arbitrary<AjpHeader[]>,
    attributes: fc.array(attribute, { maxLength: 8 }),
  });
  // Of two faults it does not matter which is told.
  const oneFault = head.map((some) =>
    some.uri === "" || some.uri === "x" ? { ...some, headers: [] } : some,
  );
  const asked = fc.shuffledSubarray([
    ...new Set(ATTRIBUTES.values()),
    "GATEWAY_INTERFACE",
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "REQUEST_URI",
    "SERVER_PROTOCOL",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_SOFTWARE",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "HTTPS",
    "HTTP_HOST",
    "HTTP_COOKIE",
    "HTTP_X_A",
    "HTTP_PROXY",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "BAR",
    "wsgi.input",
    "wsgi.url_scheme",
    "postern.chunked",
    "__proto__",
  ]);
  const options = fc.constantFrom({}, { scriptName: "/app" }, { environ: { REMOTE_USER: "ada" } });
  fc.assert(
    fc.property(oneFault, asked, options, (some, names, how) => {
      const values = gatewayValues();
      expectSameEnviron(
        () => deferred(some, values, how),
        () => madeAtOnce(some, values, how),
        names,
      );
    }),
    { numRuns: 200 },
  );
});

describe("a header that comes twice", () => {
  test.each<[string, string, "spelled" | undefined]>([
    ["Host", "Host", undefined],
    ["Host", "host", "spelled"],
    ["X-Twice", "x-TWICE", "spelled"],
    ["X-Not-Kept".padEnd(200, "x"), "x-not-kept".padEnd(200, "X"), "spelled"],
  ])("as %s and %s is one of both values, at each request", (first, second, spelled) => {
    const variable = `HTTP_${first.toUpperCase().replaceAll("-", "_")}`;
    const head = {
      headers: [
        [first, "1"],
        [second, "2", spelled],
      ],
    } as const;
    for (let request = 0; request < 3; request++) {
      expect(deferred(head)[variable]).toBe("1, 2");
      const headers: [string, string][] = [];
      eachHeader(deferred(head), (name, value) => headers.push([name, value]));
      expect(headers).toEqual([[variable, "1, 2"]]);
      expect(deferred({ headers: [[first, "1"]] })[variable]).toBe("1");
    }
  });

  test("is noticed when more names were seen than are kept", () => {
    const names = Array.from({ length: 600 }, (_, number) => `X-Many-${number}`);
    for (const name of names) deferred({ headers: [[name, ""]] });
    for (const name of names) {
      const environ = deferred({
        headers: [
          [name, "1"],
          [name.toLowerCase(), "2"],
        ],
      });
      expect(environ[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`]).toBe("1, 2");
    }
  });
});

describe("the length of a request's body", () => {
  const length: AjpHeader = ["Content-Length", "5"];
  const coding = (value: string): AjpHeader => ["Transfer-Encoding", value];

  test.each<[string, AjpHeader[], number | undefined]>([
    ["without a header", [], 0],
    ["with a length", [length], 5],
    ["with an empty length", [["Content-Length", ""]], 0],
    ["chunked", [coding("chunked")], undefined],
    ["chunked at last", [coding("gzip, Chunked ")], undefined],
    ["chunked in one of two", [coding("chunked"), coding("")], undefined],
    ["of another coding", [coding("gzip")], 0],
    ["of a coding that only sounds like it", [coding("unchunked")], 0],
    ["chunked, with an empty length", [coding("chunked"), ["Content-Length", ""]], undefined],
  ])("%s", (_name, headers, expected) => {
    expect(variablesOf({ headers }).bodyLength).toBe(expected);
  });

  test("is not known of one that is chunked and has one too", () => {
    expect(() => variablesOf({ headers: [length, coding("chunked")] }).bodyLength).toThrow(
      expect.objectContaining({ name: "ProtocolError", code: "TRANSFER_ENCODING" }),
    );
  });
});
