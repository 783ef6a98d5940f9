// Applications of fetch handlers answer the same over FastCGI as on @hono/node-server.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FetchHandler, fromFetch } from "../../../lib/bridges/fetch.ts";
import { call } from "../../../lib/testing/call.ts";
import type { CaseRequest, CaseResponse } from "../../../lib/testing/conformance.ts";
import { reachFastCgi } from "../../matrix/fastcgi.ts";
import { Child } from "../../support/child.ts";
import { type RunningFcgi, startFcgi } from "../../support/fcgi-server.ts";
import { exchangeOverHttp } from "../../support/raw-http.ts";

const FORM = ["Content-Type", "application/x-www-form-urlencoded"] as const;
const HOST = "localhost:8080";

const multipart = [
  "--cut",
  'Content-Disposition: form-data; name="title"',
  "",
  "Gr\xc3\xbc\xc3\x9fe",
  "--cut",
  'Content-Disposition: form-data; name="file"; filename="a.txt"',
  "Content-Type: text/plain",
  "",
  "first\r\nfile",
  "--cut",
  'Content-Disposition: form-data; name="file"; filename="b.bin"',
  "Content-Type: application/octet-stream",
  "",
  "x".repeat(100_000),
  "--cut--",
  "",
].join("\r\n");

function get(target: string, ...headers: CaseRequest["headers"]): CaseRequest {
  return { method: "GET", target, headers };
}

function send(method: string, target: string, body: string, ...headers: CaseRequest["headers"]): CaseRequest {
  return { method, target, headers, body: Buffer.from(body, "latin1") };
}

const requests: Readonly<Record<string, readonly CaseRequest[]>> = {
  hono: [
    ...["text", "plain-text", "json", "json-response", "html", "bytes", "array-buffer"].map((path) =>
      get(`/${path}`),
    ),
    ...["nothing", "empty", "no-content", "status", "reason", "repeated", "whoami", "missing"].map((path) =>
      get(`/${path}`),
    ),
    get("/entries/7/a/b"),
    get("/entries/a%20b/c%2Fd%C3%BC/%2e/x?q=%2F&r=a+b"),
    get("/entries/1/a'b(c)*[d]|e;f=g,h@i:j$k&l!m~n"),
    get("/entries/1//double//slash/"),
    get("/entries/1/..%2f..%2fetc"),
    get("/entries/1/100%25"),
    get("/query?tag=a&tag=b&x=%C3%BC+y&empty=&flag"),
    get("/query?quote='\"<>"),
    get(
      "/request-headers",
      ["X-Foo", "a"],
      ["X-Foo", "b"],
      ["X-Latin", "caf\xe9"],
      ["User-Agent", "test/1.0"],
    ),
    send("POST", "/text", "some text"),
    send("POST", "/json", '{"a":[1,2]}', ["Content-Type", "application/json"]),
    send("POST", "/json", "no json", ["Content-Type", "application/json"]),
    send("POST", "/form", "a=1&b=%C3%BC&a=2", FORM),
    send("POST", "/upload", multipart, ["Content-Type", "multipart/form-data; boundary=cut"]),
    send("POST", "/bytes", "\0\xff".repeat(50_000)),
    send("POST", "/bytes", ""),
    send("POST", "/unread", "x".repeat(300_000)),
    send("POST", "/echo", "echo ".repeat(50_000)),
    send("POST", "/twice", "body"),
    send("POST", "/used", "body"),
    send("POST", "/limited", "short"),
    send("POST", "/limited", "much too long"),
    ...["PUT", "PATCH", "DELETE", "PURGE"].map((method) => send(method, "/methods", "body")),
    {
      method: "POST",
      target: "/text",
      headers: [],
      body: Buffer.from("of unknown length"),
      unknownLength: true,
    },
    { method: "HEAD", target: "/text", headers: [] },
    { method: "OPTIONS", target: "/text", headers: [] },
    get("/cookies", ["Cookie", "one=1; two=%20"]),
    get("/signed", ["Cookie", "forged=value.AAAA"]),
    get("/stream"),
    get("/stream-text"),
    get("/events"),
    get("/web-stream"),
    get("/redirect"),
    get("/redirect-permanently"),
    get("/redirect-response"),
    get("/error"),
    get("/late-error"),
    get("/exception"),
    get("/etag/text"),
    get("/etag/text", ["If-None-Match", '"8f5a7b9f5fd3cdd0d0e9e0d5d3f5ef5a9a3dc3b1"']),
    get("/etag/text", ["If-None-Match", "*"]),
    get("/admin/page"),
    get("/admin/page", ["Authorization", "Basic YWRhOmxvdmVsYWNl"]),
    get("/admin/page", ["Authorization", "Basic YWRhOndyb25n"]),
    get("/api/thing", ["Origin", "https://example.org"]),
    {
      method: "OPTIONS",
      target: "/api/thing",
      headers: [
        ["Origin", "https://example.org"],
        ["Access-Control-Request-Method", "PUT"],
        ["Access-Control-Request-Headers", "X-Bar"],
      ],
    },
    get("/compressed/text", ["Accept-Encoding", "gzip"]),
    get("/compressed/text"),
    get("/compressed/stream", ["Accept-Encoding", "deflate"]),
    get("/secure/json?pretty"),
    send("POST", "/csrf/form", "a=1", FORM, ["Origin", "https://evil.example"]),
    send("POST", "/csrf/form", "a=1", FORM, ["Origin", `http://${HOST}`]),
    send("POST", "/override/thing", "_method=DELETE", FORM),
    get("/after/text"),
    get("/static/hono.js"),
    get("/static/hono.js", ["Range", "bytes=10-19"]),
    get("/static/missing.js"),
    { method: "HEAD", target: "/static/hono.js", headers: [] },
    get("/route/hello/ada"),
    get("/mount/inside?x=1"),
  ],
  "itty-router": [
    get("/hello/ada?x=1&y=a&y=b"),
    get("/json", ["Origin", "https://example.org"]),
    get("/text"),
    get("/nothing"),
    get("/error"),
    get("/throw"),
    get("/missing"),
    send("POST", "/content", '{"a":1}', ["Content-Type", "application/json"]),
    send("POST", "/content", "a=1&b=2", FORM),
    { method: "OPTIONS", target: "/json", headers: [["Origin", "https://example.org"]] },
    send("PUT", "/any/thing?q", "x"),
  ],
  worker: [
    get("/whole?x=1", ["X-Foo", "bar"]),
    get("/later"),
    get("/cookies"),
    get("/extended"),
    get("/missing"),
  ],
};

let nodeServer: Child;

beforeAll(() => {
  const script = fileURLToPath(new URL("applications/on-node-server.js", import.meta.url));
  nodeServer = new Child(process.execPath, [script]);
});
afterAll(() => nodeServer.stop());

describe.each(Object.entries(requests))("%s", (name, list) => {
  let running: RunningFcgi;
  let port: number;

  beforeAll(async () => {
    const { default: application } = await load(name);
    running = await startFcgi(fromFetch(application));
    port = Number((await nodeServer.printed(new RegExp(`^${name}: (\\d+)$`, "m")))[1]);
  });
  afterAll(() => running.stop());

  test.each(list.map((request) => [`${request.method} ${request.target}`, request] as const))(
    "%s",
    async (_title, request) => {
      const [over, on] = await Promise.all([
        reachFastCgi({ path: running.path }, "").exchange(request),
        exchangeOverHttp({ host: "127.0.0.1", port }, HOST, request),
      ]);
      expect(seen(over, request)).toEqual(seen(on, request));
      // CGI's head is the gateway's, which leaves out what RFC 9110 §8.6 forbids.
      if (hasLength(on) && on.status !== 204) expect(hasLength(over)).toBe(true);
    },
  );
});

// What @hono/node-server does otherwise, and the Fetch standard says as we do.
test.each([
  ["the type of a Blob is that of its response", "/blob", ["text/x-blob"], "blob"],
  ["a header is sent as Latin-1 in front of a text, too", "/latin", ["caf\xe9"], "text"],
])("%s", async (_title, target, values, body) => {
  const { default: application } = await load("hono");
  const response = await call(fromFetch(application), target);
  const sent = response.headers.map(([, value]) => value);
  expect(sent).toEqual(expect.arrayContaining(values));
  expect(response.text).toBe(body);
});

function hasLength({ headers }: CaseResponse): boolean {
  return headers.some(([name]) => name.toLowerCase() === "content-length");
}

// The module, since a router of itty-router that is awaited takes `then` for a route.
function load(name: string): Promise<{ default: FetchHandler }> {
  return import(`./applications/${name}.js`);
}

/** What has to be the same: all but what belongs to the connection and to the moment. */
function seen({ status, headers, body, complete }: CaseResponse, { method }: CaseRequest) {
  const own = ["date", "connection", "keep-alive", "transfer-encoding"];
  return {
    status,
    headers: headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !own.includes(name))
      // Only a server that knows the whole body before it sends the head can say how long it is.
      .filter(
        ([name, value]) => name !== "content-length" || method === "HEAD" || Number(value) !== body.length,
      )
      .map(([name, value]) => `${name}: ${value}`)
      .sort(),
    body: body.toString("latin1"),
    complete,
  };
}
