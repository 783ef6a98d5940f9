// web.py's subdomain_application: its documented example, and what becomes of hosts that are not as expected.

import { describe, expect, test } from "vitest";
import { application, mount, subdomainApplication, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const hello = application([["/hello", { GET: () => "hello" }]]);

describe("the example of web.py's documentation", () => {
  const app = subdomainApplication([["hello\\.example\\.com", hello]]);
  test("a host that fits", async () => {
    expect((await ask(app, "/hello", { host: "hello.example.com" })).text).toBe("hello");
  });
  test("one that does not", async () => {
    const response = await ask(app, "/hello", { host: "something.example.com" });
    expect([response.status, response.reason, response.text]).toEqual([404, "Not Found", "not found"]);
  });
});

const app = subdomainApplication([
  ["(?:www\\.)?example\\.org", application([["(.*)", (web: Web, path) => ["site", path, web.ctx.homepath]]])],
  ["(?<user>\\w+)\\.blog\\.example\\.org", application([["/:id", (web: Web) => ({ ...web.params })]])],
  ["(\\w+)\\.api\\.example\\.org", { GET: (_web: Web, name: string) => [name] }],
  [
    "raw\\.example\\.org",
    mount((environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      return [JSON.stringify([environ.SCRIPT_NAME, environ.PATH_INFO])];
    }),
  ],
]);

test.each<[host: string, path: string, answer: unknown]>([
  ["example.org", "/a/b", ["site", "/a/b", "/app"]],
  ["WWW.Example.ORG", "/", ["site", "/", "/app"]],
  ["www.example.org:8443", "/", ["site", "/", "/app"]],
  // The root's dot (RFC 1034 §3.1).
  ["example.org.", "/", ["site", "/", "/app"]],
  ["ann.blog.example.org", "/7", { user: "ann", id: "7" }],
  ["v1.api.example.org", "/whatever", ["v1"]],
  ["raw.example.org", "/x", ["/app", "/x"]],
])("%s%s", async (host, path, answer) => {
  expect(JSON.parse((await ask(app, path, { host, scriptName: "/app" })).text)).toEqual(answer);
});

test.each(["example.org.evil.test", "evil.test/example.org", "a@example.org", "example.org, b", "", "[::1]"])(
  "the host %j is nobody's",
  async (host) => {
    expect((await ask(app, "/", { headers: { Host: host } })).status).toBe(404);
  },
);

test("a host has no link, so its route has no name", () => {
  expect(() => subdomainApplication([["a\\.example", hello, "a"]])).toThrow(
    expect.objectContaining({ code: "URL_MAP" }),
  );
});
