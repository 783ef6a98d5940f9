// What arrives in the environ. The numbers are those of Plack's suite, whose cases these are in our words.

import { answer, bodyOf, type ConformanceCase } from "./case.ts";
import { claim, claimAnswer, claimEqual, jsonOf, valuesOf } from "./claim.ts";

const form = ["Content-Type", "application/x-www-form-urlencoded"] as const;

export const environCases: readonly ConformanceCase[] = [
  {
    name: "script-name", // 1
    application: answer((environ) => environ.SCRIPT_NAME),
    check: (response, { scriptName }) => claimEqual(jsonOf(response), scriptName, "SCRIPT_NAME"),
  },
  {
    name: "get", // 2
    request: { target: "/?name=miyagawa" },
    application: answer((environ) => `Hello, ${environ.QUERY_STRING}`, "text/plain"),
    check(response) {
      claimAnswer(response, "200 OK", "Hello, name=miyagawa");
      claimEqual(valuesOf(response, "Content-Type"), ["text/plain"], "Content-Type");
    },
  },
  {
    name: "post", // 3
    request: { method: "POST", headers: [form], body: Buffer.from("name=tatsuhiko") },
    application: answer(async (environ) => [
      environ.CONTENT_LENGTH,
      environ.CONTENT_TYPE,
      (await bodyOf(environ)).toString(),
    ]),
    check: (response) =>
      claimEqual(jsonOf(response), ["14", form[1], "name=tatsuhiko"], "length, type and body"),
  },
  {
    name: "url-scheme", // 5
    application: answer((environ) => environ["wsgi.url_scheme"]),
    check: (response) => claimEqual(jsonOf(response), "http", "wsgi.url_scheme"),
  },
  {
    name: "request-header", // 9
    request: { headers: [["Foo", "Bar"]] },
    application: answer((environ) => environ["HTTP_FOO"]),
    check: (response) => claimEqual(jsonOf(response), "Bar", "HTTP_FOO"),
  },
  {
    name: "request-cookie", // 10, 23
    request: { headers: [["Cookie", "foo=bar; x=%20"]] },
    application: answer((environ) => [environ["HTTP_COOKIE"], "COOKIE" in environ]),
    check: (response) => claimEqual(jsonOf(response), ["foo=bar; x=%20", false], "HTTP_COOKIE and COOKIE"),
  },
  {
    name: "variables", // 11
    request: { target: "/foo/?name=miyagawa" },
    application: answer((environ) => [
      environ.REQUEST_METHOD,
      environ.SCRIPT_NAME,
      environ.PATH_INFO,
      environ.QUERY_STRING,
      environ.SERVER_NAME,
      environ.SERVER_PORT,
    ]),
    check: (response, { scriptName, serverName, serverPort }) =>
      claimEqual(
        jsonOf(response),
        ["GET", scriptName, "/foo/", "name=miyagawa", serverName, serverPort],
        "method, mount, path, query, server and port",
      ),
  },
  ...pathCase("percent-in-path", "/foo/bar%2cbaz", "/foo/bar,baz"), // 12
  ...pathCase("double-percent-in-path", "/foo/bar%252cbaz", "/foo/bar%2cbaz"), // 13
  ...pathCase("utf8-in-path", "/foo/bar%E3%81%82", "/foo/bar\xe3\x81\x82"), // 14
  ...pathCase("repeated-slashes", "//foo///bar/baz", "//foo///bar/baz"), // 36
  ...pathCase("broken-percent-in-path", "/100%/%zz/%4", "/100%/%zz/%4"),
  ...pathCase("plus-in-path", "/a+b", "/a+b"),
  {
    name: "server-protocol", // 15
    application: answer((environ) => environ.SERVER_PROTOCOL),
    check: (response) =>
      claim(/^HTTP\/1\.[01]$/.test(String(jsonOf(response))), "SERVER_PROTOCOL is not HTTP/1.0 or HTTP/1.1"),
  },
  {
    name: "script-name-is-defined", // 16
    application: answer((environ) => typeof environ.SCRIPT_NAME),
    check: (response) => claimEqual(jsonOf(response), "string", "the type of SCRIPT_NAME"),
  },
  {
    name: "errors", // 18
    application: answer((environ) => {
      environ["wsgi.errors"].write("conformance: a line for the log\n");
      return environ["wsgi.errors"].writable;
    }),
    check: (response) => claimEqual(jsonOf(response), true, "whether wsgi.errors is writable"),
  },
  {
    name: "repeated-request-header", // 21
    request: {
      headers: [
        ["Foo", "bar"],
        ["Foo", "baz"],
      ],
    },
    application: answer((environ) => environ["HTTP_FOO"]),
    check: (response) => claimEqual(jsonOf(response), "bar, baz", "HTTP_FOO"),
  },
  {
    name: "request-uri", // 25
    request: { target: "/foo/bar%20baz%73?x=a%2Fb&y=?" },
    application: answer((environ) => environ.REQUEST_URI),
    check: (response, { scriptName }) =>
      claimEqual(jsonOf(response), `${scriptName}/foo/bar%20baz%73?x=a%2Fb&y=?`, "REQUEST_URI"),
  },
  {
    name: "raw-query",
    request: { target: "/?x=a%2Fb&y=?&z=%zz+" },
    application: answer((environ) => environ.QUERY_STRING),
    check: (response) => claimEqual(jsonOf(response), "x=a%2Fb&y=?&z=%zz+", "QUERY_STRING"),
  },
  ...[1, 127, 128, 129, 8_000].map(
    (length): ConformanceCase => ({
      name: `header-of-${length}-bytes`, // 27, 38
      request: { headers: [["X-Foo", "x".repeat(length)]] },
      application: answer((environ) => environ["HTTP_X_FOO"]),
      check: (response) => claimEqual(jsonOf(response), "x".repeat(length), "HTTP_X_FOO"),
    }),
  ),
  {
    name: "latin1-request-header",
    request: { headers: [["X-Foo", "caf\xe9 \xff"]] },
    application: answer((environ) => environ["HTTP_X_FOO"]),
    check: (response) => claimEqual(jsonOf(response), "caf\xe9 \xff", "HTTP_X_FOO"),
  },
  {
    name: "authorization", // 35
    request: [{ headers: [["Authorization", "Basic Zm9vOmJhcg=="]] }, {}],
    application: answer((environ) => environ["HTTP_AUTHORIZATION"] ?? null),
    check: (_response, { responses }) =>
      claimEqual(responses.map(jsonOf), ["Basic Zm9vOmJhcg==", null], "HTTP_AUTHORIZATION with and without"),
  },
  {
    name: "no-proxy-variable", // 59
    request: { headers: [["Proxy", "http://attacker.example:8080"]] },
    application: answer((environ) => "HTTP_PROXY" in environ),
    check: (response) => claimEqual(jsonOf(response), false, "whether HTTP_PROXY is there"),
  },
  ...["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"].map(
    (method): ConformanceCase => ({
      name: `method-${method.toLowerCase()}`,
      request: { method },
      application: answer((environ) => environ.REQUEST_METHOD),
      check: (response) => claimEqual(jsonOf(response), method, "REQUEST_METHOD"),
    }),
  ),
  {
    name: "once",
    application: answer((environ) => environ["wsgi.run_once"]),
    check: (response, { runOnce }) => claimEqual(jsonOf(response), runOnce, "wsgi.run_once"),
  },
  {
    name: "own-environ",
    request: [{}, {}, {}],
    application: answer((environ) => {
      const before = environ["example.mark"] ?? null;
      environ["example.mark"] = "left by another request";
      return before;
    }),
    check: (_response, { responses }) =>
      claimEqual(responses.map(jsonOf), [null, null, null], "what was in a fresh environ"),
  },
  {
    name: "concurrent-requests", // 70
    request: ["a", "b", "c", "d"].map((letter) => ({ target: `/${letter}`, headers: [["X-Foo", letter]] })),
    application: async function* (environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      for (let round = 0; round < 5; round++) {
        await new Promise(setImmediate);
        yield `${environ.PATH_INFO}${environ["HTTP_X_FOO"]} `;
      }
    },
    check: (_response, { responses }) =>
      claimEqual(
        responses.map((response) => response.body.toString()),
        ["a", "b", "c", "d"].map((letter) => `/${letter}${letter} `.repeat(5)),
        "what each of four requests saw",
      ),
  },
];

function pathCase(name: string, target: string, path: string): [ConformanceCase] {
  return [
    {
      name,
      request: { target },
      application: answer((environ) => environ.PATH_INFO),
      check: (response) => claimEqual(jsonOf(response), path, "PATH_INFO"),
    },
  ];
}
