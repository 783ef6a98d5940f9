import { describe, expect, test } from "vitest";
import { type TrustedProxiesOptions, trustedProxies } from "../../lib/middleware/trusted-proxies.ts";
import { call } from "../../lib/testing/call.ts";
import { between, shows } from "./between.ts";

const NAMES = [
  "REMOTE_ADDR",
  "REMOTE_PORT",
  "wsgi.url_scheme",
  "HTTPS",
  "HTTP_HOST",
  "SERVER_NAME",
  "SERVER_PORT",
  "SCRIPT_NAME",
  "PATH_INFO",
  "REQUEST_URI",
  "postern.proxy",
];

/** What the application sees of `GET /path` to a proxy at 10.0.0.1, which asks for Host backend:8080. */
async function seen(
  options: TrustedProxiesOptions,
  headers: Record<string, string>,
  environ: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const response = await call(between(trustedProxies(options), shows(...NAMES)), "/path?q", {
    host: "backend:8080",
    headers,
    environ: { REMOTE_ADDR: "10.0.0.1", REMOTE_PORT: "4711", ...environ },
  });
  expect([response.status, response.errors]).toEqual([200, ""]);
  return JSON.parse(response.text);
}

const proxies = ["10.0.0.0/24", "2001:db8::1"];

describe("the client's address", () => {
  const NEAREST = "10.0.0.1";
  test.each<[string, string, string]>([
    ["one proxy", "203.0.113.9", "203.0.113.9"],
    ["what the client claims is not looked at", "192.0.2.1, 203.0.113.9", "203.0.113.9"],
    ["two proxies", "203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["two proxies and a claim", "192.0.2.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["all are proxies: the first", "10.0.0.4, 10.0.0.3, 10.0.0.2", "10.0.0.4"],
    ["a trusted address that the client claims", "10.0.0.9, 203.0.113.9", "203.0.113.9"],
    ["IPv6", "2001:db8::7", "2001:db8::7"],
    ["IPv6 behind a proxy of IPv6", "2001:db8::7, 2001:db8::1", "2001:db8::7"],
    ["no spaces", "203.0.113.9,10.0.0.2", "203.0.113.9"],
    ["with a port", "203.0.113.9:5555", "203.0.113.9"],
    ["in brackets", "[2001:db8::7]", "2001:db8::7"],
    ["in brackets, with a port", "[2001:db8::7]:5555", "2001:db8::7"],
    ["a mapped proxy", "203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"],
    ["nothing", "", NEAREST],
    ["no address", "unknown", NEAREST],
    ["a host", "client.example", NEAREST],
    ["not an address behind a proxy: the proxy", "unknown, 10.0.0.2", "10.0.0.2"],
    ["nonsense from the client does no harm", "<script>, 203.0.113.9", "203.0.113.9"],
    ["too many numbers", "203.0.113.9.1", NEAREST],
    ["a port that is none", "203.0.113.9:99999", NEAREST],
    ["an IPv4 address in brackets", "[203.0.113.9]", NEAREST],
    ["a zone", "fe80::1%eth0", NEAREST],
    ["a trailing comma", "203.0.113.9,", NEAREST],
  ])("X-Forwarded-For, %s: %j is %s", async (_what, header, address) => {
    const environ = await seen({ proxies, family: "x-forwarded" }, { "X-Forwarded-For": header });
    expect(environ["REMOTE_ADDR"]).toBe(address);
  });

  test.each<[string, string, string]>([
    ["RFC 7239 §4", "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"],
    ["any case, a port, brackets", 'For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ["two elements", 'for=203.0.113.9, for="10.0.0.2:80"', "203.0.113.9"],
    ["a claim in front", "for=192.0.2.1, for=203.0.113.9;proto=https", "203.0.113.9"],
    ["a name that the proxy made up", "for=_hidden", NEAREST],
    ["unknown", "for=unknown", NEAREST],
    ["an open quote of the client swallows nothing", 'for="192.0.2.1, for=203.0.113.9', "203.0.113.9"],
    ["an open quote before a quoted value", 'for="192.0.2.1;x=, for="[2001:db8::7]"', "2001:db8::7"],
    ["twice in an element", "for=192.0.2.1;for=192.0.2.2", NEAREST],
    ["no pair", "203.0.113.9", NEAREST],
    ["an escape", 'for="203.0.113\\.9"', "203.0.113.9"],
  ])("Forwarded, %s: %s is %s", async (_what, header, address) => {
    const environ = await seen({ proxies, family: "forwarded" }, { Forwarded: header });
    expect(environ["REMOTE_ADDR"]).toBe(address);
  });

  test("its port is there where it is said, and never the proxy's", async () => {
    const options = { proxies, family: "x-forwarded" } as const;
    expect(await seen(options, { "X-Forwarded-For": "203.0.113.9:5555" })).toMatchObject({
      REMOTE_PORT: "5555",
    });
    expect(await seen(options, { "X-Forwarded-For": "203.0.113.9" })).toMatchObject({ REMOTE_PORT: null });
  });

  test("what was there before is kept", async () => {
    const environ = await seen(
      { proxies, family: "x-forwarded" },
      { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" },
    );
    expect(environ["postern.proxy"]).toEqual({
      REMOTE_ADDR: "10.0.0.1",
      REMOTE_PORT: "4711",
      "wsgi.url_scheme": "http",
      HTTP_HOST: "backend:8080",
      SERVER_NAME: "backend",
      SERVER_PORT: "8080",
      SCRIPT_NAME: "",
      REQUEST_URI: "/path?q",
    });
  });
});

const everything = {
  Forwarded: "for=192.0.2.1;proto=https;host=forwarded.example",
  "X-Forwarded-For": "192.0.2.2",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "x.example",
  "X-Forwarded-Port": "444",
  "X-Forwarded-Prefix": "/x",
};
const untouched = {
  REMOTE_ADDR: "203.0.113.1",
  REMOTE_PORT: "4711",
  "wsgi.url_scheme": "http",
  HTTPS: null,
  HTTP_HOST: "backend:8080",
  SERVER_NAME: "backend",
  SERVER_PORT: "8080",
  SCRIPT_NAME: "",
  PATH_INFO: "/path",
  REQUEST_URI: "/path?q",
  "postern.proxy": null,
};
const all = ["for", "proto", "host", "port", "prefix"] as const;

describe("who is believed", () => {
  test.each(["203.0.113.1", "10.0.1.1", "", "unix:", undefined])("not a peer at %j", async (REMOTE_ADDR) => {
    const options = { proxies, family: "x-forwarded", believe: all } as const;
    const environ = await seen(options, everything, { REMOTE_ADDR: REMOTE_ADDR ?? "" });
    expect(environ).toEqual({ ...untouched, REMOTE_ADDR: REMOTE_ADDR ?? "" });
  });

  test.each(["", "unix:", "unix:/run/nginx.sock"])(
    "a peer on a unix socket (%j), if it is named",
    async (address) => {
      const environ = await seen({ proxies: ["unix:"], family: "x-forwarded" }, everything, {
        REMOTE_ADDR: address,
      });
      expect(environ["REMOTE_ADDR"]).toBe("192.0.2.2");
    },
  );

  test("one family alone", async () => {
    const x = await seen(
      { proxies, family: "x-forwarded", believe: all },
      { Forwarded: everything.Forwarded },
    );
    expect({ ...x, "postern.proxy": null }).toEqual({ ...untouched, REMOTE_ADDR: "10.0.0.1" });
    const { Forwarded: _left, ...xForwarded } = everything;
    const f = await seen({ proxies, family: "forwarded", believe: ["for", "proto", "host"] }, xForwarded);
    expect({ ...f, "postern.proxy": null }).toEqual({ ...untouched, REMOTE_ADDR: "10.0.0.1" });
  });

  test("by default address and scheme alone", async () => {
    expect(await seen({ proxies, family: "x-forwarded" }, everything)).toMatchObject({
      REMOTE_ADDR: "192.0.2.2",
      "wsgi.url_scheme": "https",
      HTTPS: "on",
      HTTP_HOST: "backend:8080",
      SERVER_NAME: "backend",
      SERVER_PORT: "8080",
      SCRIPT_NAME: "",
    });
  });

  test("all of it", async () => {
    expect(await seen({ proxies, family: "x-forwarded", believe: all }, everything)).toMatchObject({
      HTTP_HOST: "x.example",
      SERVER_NAME: "x.example",
      SERVER_PORT: "444",
      SCRIPT_NAME: "/x",
      PATH_INFO: "/path",
      REQUEST_URI: "/x/path?q",
    });
    const forwarded = await seen(
      { proxies, family: "forwarded", believe: ["for", "proto", "host"] },
      everything,
    );
    expect(forwarded).toMatchObject({
      REMOTE_ADDR: "192.0.2.1",
      "wsgi.url_scheme": "https",
      HTTP_HOST: "forwarded.example",
      SERVER_PORT: "443",
    });
  });

  test("of several values the one that belongs to the client's address", async () => {
    const options = { proxies, family: "x-forwarded", believe: all } as const;
    const environ = await seen(options, {
      "X-Forwarded-For": "192.0.2.9, 203.0.113.9, 10.0.0.2",
      "X-Forwarded-Proto": "http, https, http",
      "X-Forwarded-Host": "evil.example, good.example, inner.example",
    });
    expect(environ).toMatchObject({ "wsgi.url_scheme": "https", HTTP_HOST: "good.example" });
  });

  test("of an element of Forwarded what stands in it", async () => {
    const environ = await seen(
      { proxies, family: "forwarded", believe: ["for", "proto", "host"] },
      {
        Forwarded:
          "for=192.0.2.9;host=evil.example, for=203.0.113.9;proto=https, for=10.0.0.2;host=inner.example",
      },
    );
    expect(environ).toMatchObject({
      REMOTE_ADDR: "203.0.113.9",
      "wsgi.url_scheme": "https",
      HTTP_HOST: "backend:8080",
    });
  });
});

describe("a number of hops", () => {
  const options = { hops: 2, family: "x-forwarded" } as const;

  test("takes the address that the first of them saw, whoever is the peer", async () => {
    const chain = { "X-Forwarded-For": "192.0.2.1, 203.0.113.9, 198.51.100.1" };
    expect(await seen(options, chain, { REMOTE_ADDR: "198.51.100.2" })).toMatchObject({
      REMOTE_ADDR: "203.0.113.9",
    });
  });

  test.each([{}, { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" }])(
    "leaves a request alone that passed fewer: %j",
    async (headers) => {
      expect(await seen(options, headers, { REMOTE_ADDR: "203.0.113.1" })).toEqual(untouched);
    },
  );

  test("needs no addresses where none is believed", async () => {
    const environ = await seen(
      { hops: 1, family: "x-forwarded", believe: ["proto"] },
      { "X-Forwarded-Proto": "https" },
    );
    expect(environ).toMatchObject({ REMOTE_ADDR: "10.0.0.1", "wsgi.url_scheme": "https" });
  });
});

describe("malformed values are ignored, each alone", () => {
  test.each([
    ["X-Forwarded-Proto", "ftp"],
    ["X-Forwarded-Proto", "https;"],
    ["X-Forwarded-Host", "a b"],
    ["X-Forwarded-Host", "host/path"],
    ["X-Forwarded-Host", "user@host"],
    ["X-Forwarded-Host", "host:99999"],
    ["X-Forwarded-Host", "host:"],
    ["X-Forwarded-Port", "0"],
    ["X-Forwarded-Port", "65536"],
    ["X-Forwarded-Port", "80x"],
    ["X-Forwarded-Prefix", "relative"],
    ["X-Forwarded-Prefix", "/"],
    ["X-Forwarded-Prefix", "//evil.example"],
    ["X-Forwarded-Prefix", "/a/../b"],
    ["X-Forwarded-Prefix", "/a/%2e%2e/b"],
    ["X-Forwarded-Prefix", "/%2fevil.example"],
    ["X-Forwarded-Prefix", "/a?b"],
    ["X-Forwarded-Prefix", "/a%0d%0ab"],
    ["X-Forwarded-Prefix", "/a\\b"],
  ])("%s: %s", async (name, value) => {
    const options = { proxies, family: "x-forwarded", believe: all } as const;
    const environ = await seen(options, { "X-Forwarded-For": "203.0.113.1", [name]: value });
    expect({ ...environ, "postern.proxy": null }).toEqual({ ...untouched, REMOTE_PORT: null });
  });
});

describe("scheme, host and port", () => {
  const options = { proxies, family: "x-forwarded", believe: all } as const;

  test.each<[Record<string, string>, Record<string, unknown>, Record<string, unknown>]>([
    [{ "X-Forwarded-Proto": "HTTPS" }, {}, { "wsgi.url_scheme": "https", HTTPS: "on", SERVER_PORT: "8080" }],
    [
      { "X-Forwarded-Proto": "https" },
      { HTTP_HOST: "here.example", SERVER_PORT: "80" },
      { SERVER_PORT: "443" },
    ],
    [
      { "X-Forwarded-Proto": "http" },
      { HTTPS: "on", "wsgi.url_scheme": "https", HTTP_HOST: "here.example", SERVER_PORT: "443" },
      { "wsgi.url_scheme": "http", HTTPS: null, SERVER_PORT: "80" },
    ],
    [{ "X-Forwarded-Host": "here.example:81" }, {}, { SERVER_NAME: "here.example", SERVER_PORT: "81" }],
    [{ "X-Forwarded-Host": "[2001:db8::1]:81" }, {}, { SERVER_NAME: "[2001:db8::1]", SERVER_PORT: "81" }],
    [{ "X-Forwarded-Host": "here.example" }, {}, { SERVER_PORT: "80" }],
    [{ "X-Forwarded-Host": "here.example", "X-Forwarded-Port": "8443" }, {}, { SERVER_PORT: "8443" }],
    [{ "X-Forwarded-Prefix": "/a/b/" }, {}, { SCRIPT_NAME: "/a/b" }],
    [{ "X-Forwarded-Prefix": "/a%20b" }, {}, { SCRIPT_NAME: "/a b", REQUEST_URI: "/a%20b/path?q" }],
    [{ "X-Forwarded-Prefix": "/a" }, { SCRIPT_NAME: "/app" }, { SCRIPT_NAME: "/a/app" }],
  ])("%j with %j gives %j", async (headers, environ, expected) => {
    expect(await seen(options, headers, environ)).toMatchObject(expected);
  });
});

test.each<[string, unknown]>([
  ["nobody is named", { family: "x-forwarded" }],
  ["both", { proxies: [], hops: 1, family: "x-forwarded" }],
  ["no family", { proxies: ["10.0.0.1"] }],
  ["an unknown family", { proxies: ["10.0.0.1"], family: "both" }],
  ["a host as proxy", { proxies: ["proxy.example"], family: "x-forwarded" }],
  ["no hops", { hops: 0, family: "x-forwarded" }],
  ["hops that are no number", { hops: Number.NaN, family: "x-forwarded" }],
  ["a fact that RFC 7239 has not", { hops: 1, family: "forwarded", believe: ["prefix"] }],
  ["an unknown fact", { hops: 1, family: "x-forwarded", believe: ["by"] }],
])("%s: the start fails", (_what, options) => {
  expect(() => trustedProxies(options as TrustedProxiesOptions)).toThrow(
    expect.objectContaining({ name: "GatewayError", code: "OPTION" }),
  );
});
