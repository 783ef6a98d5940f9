import { describe, expect, test } from "vitest";
import { application, type Web } from "../../lib/index.ts";
import { crossOrigin } from "../../lib/middleware/cross-origin.ts";
import { ask } from "./ask.ts";

let calls = 0;
const handler = () => {
  calls++;
  return "done";
};
const open = application([["/(.*)", handler]], { checkOrigin: false });
const app = application(
  [
    ["/open", open],
    ["/all", { GET: handler, POST: handler, PUT: handler, PATCH: handler, DELETE: handler }],
    ["/function", handler],
  ],
  { trustedOrigins: ["https://friend.example"] },
);

describe("an unsafe request of another origin is refused", () => {
  test.each<[string, Record<string, string>, string, number]>([
    ["no browser", {}, "here.example", 200],
    ["the same origin", { "Sec-Fetch-Site": "same-origin" }, "here.example", 200],
    ["typed by the user", { "Sec-Fetch-Site": "none" }, "here.example", 200],
    ["another site", { "Sec-Fetch-Site": "cross-site" }, "here.example", 403],
    ["a sister host", { "Sec-Fetch-Site": "same-site" }, "here.example", 403],
    [
      "fetch metadata before Origin",
      { "Sec-Fetch-Site": "cross-site", Origin: "http://here.example" },
      "here.example",
      403,
    ],
    [
      "another name for us",
      { "Sec-Fetch-Site": "same-origin", Origin: "http://there.example" },
      "here.example",
      200,
    ],
    ["Origin is ours", { Origin: "http://here.example" }, "here.example", 200],
    ["Origin is ours, in capitals", { Origin: "http://here.example" }, "HERE.example", 200],
    ["Origin and Host have the port", { Origin: "http://here.example:8080" }, "here.example:8080", 200],
    ["the front drops the port from Host", { Origin: "http://here.example:8080" }, "here.example", 200],
    ["the standard port, spelled out", { Origin: "https://here.example" }, "here.example:443", 200],
    ["another port", { Origin: "http://here.example:81" }, "here.example:82", 403],
    ["no port against another one", { Origin: "http://here.example" }, "here.example:8080", 403],
    ["another host", { Origin: "http://there.example" }, "here.example", 403],
    ["a host that begins like ours", { Origin: "http://here.example.evil" }, "here.example", 403],
    ["a host that ends like ours", { Origin: "http://evil-here.example" }, "here.example", 403],
    ["IPv6", { Origin: "http://[::1]:8080" }, "[::1]:8080", 200],
    ["another IPv6", { Origin: "http://[::2]:8080" }, "[::1]:8080", 403],
    ["the port dropped on IPv6", { Origin: "http://[::1]:8080" }, "[::1]", 200],
    ["IPv6 in another spelling", { Origin: "http://[2001:db8::1]" }, "[2001:DB8:0::1]", 200],
    ["another scheme, since we may not know ours", { Origin: "https://here.example" }, "here.example", 200],
    ["neither http nor https", { Origin: "ftp://here.example" }, "here.example", 403],
    ["a user part in Origin", { Origin: "http://here.example@evil.example" }, "here.example", 403],
    ["a path in Origin", { Origin: "http://here.example/" }, "here.example", 403],
    ["no host", { Origin: "http://here.example" }, "", 403],
    ["fetch metadata that we do not know", { "Sec-Fetch-Site": "SAME-ORIGIN" }, "here.example", 403],
    ["an opaque origin", { Origin: "null" }, "here.example", 403],
    ["nonsense", { Origin: "here.example" }, "here.example", 403],
    [
      "a trusted origin",
      { Origin: "https://friend.example", "Sec-Fetch-Site": "cross-site" },
      "here.example",
      200,
    ],
    ["a trusted host on another scheme", { Origin: "http://friend.example" }, "here.example", 403],
  ])("%s", async (_name, headers, host, status) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      for (const path of ["/all", "/function"]) {
        calls = 0;
        const response = await ask(app, path, { method, headers, host });
        expect([method, path, response.status, calls]).toEqual([
          method,
          path,
          status,
          status === 200 ? 1 : 0,
        ]);
      }
    }
    expect((await ask(app, "/all", { headers, host })).status).toBe(200);
    expect((await ask(app, "/all", { method: "OPTIONS", headers, host })).status).toBe(204);
    expect((await ask(app, "/open/x", { method: "POST", headers, host })).status).toBe(200);
  });

  test("a mounted application trusts whom its parent trusts", async () => {
    const parent = application([["/child", application([["/", handler]])]], {
      trustedOrigins: ["https://friend.example"],
    });
    const request = { method: "POST", headers: { Origin: "https://friend.example" } };
    expect((await ask(parent, "/child", request)).status).toBe(200);
    expect(
      (await ask(parent, "/child", { method: "POST", headers: { Origin: "https://x.example" } })).status,
    ).toBe(403);
  });
});

/** What Go's net/http CrossOriginProtection answers (go1.25, src/net/http/csrf_test.go), at https://example.com. */
describe("cases of Go's CrossOriginProtection", () => {
  const attacker = "https://attacker.example";
  const trusted = "https://trusted.example";
  const go = application(
    [
      ["/", { GET: handler, POST: handler, PUT: handler }],
      ["/api/", { POST: handler }],
      ["/bypass/", { checkOrigin: false, POST: handler }],
      ["/only/:foo", { checkOrigin: false, POST: handler }],
    ],
    { trustedOrigins: [trusted], allowedHosts: ["example.com"] },
  );

  test.each<[string, string, path: string, site: string, origin: string, number]>([
    ["same-origin allowed", "POST", "/", "same-origin", "", 200],
    ["none allowed", "POST", "/", "none", "", 200],
    ["cross-site blocked", "POST", "/", "cross-site", "", 403],
    ["same-site blocked", "POST", "/", "same-site", "", 403],
    ["no header with no origin", "POST", "/", "", "", 200],
    ["no header with matching origin", "POST", "/", "", "https://example.com", 200],
    ["no header with mismatched origin", "POST", "/", "", attacker, 403],
    ["no header with null origin", "POST", "/", "", "null", 403],
    ["GET allowed", "GET", "/", "cross-site", "", 200],
    ["HEAD allowed", "HEAD", "/", "cross-site", "", 200],
    ["OPTIONS allowed", "OPTIONS", "/", "cross-site", "", 204],
    ["PUT blocked", "PUT", "/", "cross-site", "", 403],

    ["trusted origin without sec-fetch-site", "POST", "/", "", trusted, 200],
    ["trusted origin with cross-site", "POST", "/", "cross-site", trusted, 200],
    ["untrusted origin without sec-fetch-site", "POST", "/", "", attacker, 403],
    ["untrusted origin with cross-site", "POST", "/", "cross-site", attacker, 403],
    ["trusted host on another scheme", "POST", "/", "cross-site", "http://trusted.example", 403],
    ["trusted host at another port", "POST", "/", "cross-site", "https://trusted.example:444", 403],

    ["bypass path without sec-fetch-site", "POST", "/bypass/", "", attacker, 200],
    ["bypass path with cross-site", "POST", "/bypass/", "cross-site", attacker, 200],
    ["non-bypass path without sec-fetch-site", "POST", "/api/", "", attacker, 403],
    ["non-bypass path with cross-site", "POST", "/api/", "cross-site", attacker, 403],
    ["wildcard bypass", "POST", "/only/123", "", attacker, 200],
    // Go redirects these to what they stand for. Here they are paths that no route has: an exemption is a route's.
    ["bypass path with ..", "POST", "/foo/../bypass/", "", attacker, 404],
    ["bypass path with trailing slash left out", "POST", "/bypass", "", attacker, 404],
    ["below a bypass path", "POST", "/bypass/bar", "", attacker, 404],
    ["below a wildcard", "POST", "/only/123/foo", "", attacker, 404],
    ["encoded slash in a wildcard", "POST", "/only/..%2Fapi%2F", "", attacker, 404],
  ])("%s: %s %s, Sec-Fetch-Site %j, Origin %j → %i", async (_name, method, path, site, origin, status) => {
    calls = 0;
    const headers = {
      ...(site === "" ? {} : { "Sec-Fetch-Site": site }),
      ...(origin === "" ? {} : { Origin: origin }),
    };
    const response = await ask(go, path, { method, headers, host: "example.com", https: true });
    expect([response.status, calls]).toEqual([status, status === 200 ? 1 : 0]);
    expect(response.errors.startsWith(`refused ${method} ${path} with 403: `)).toBe(status === 403);
    if (status === 403) expect(response.text).toBe("forbidden");
  });

  test.each([
    ["https://example.com", true],
    ["https://example.com:8080", true],
    ["http://example.com", true],
    ["example.com", false],
    ["https://", false],
    ["https://example.com/", false],
    ["https://example.com/path", false],
    ["https://example.com?query=value", false],
    ["https://example.com#fragment", false],
    ["https://ex ample.com", false],
    ["", false],
    ["null", false],
  ])("trusted origin %j: %s", (origin, valid) => {
    const make = () => application([], { trustedOrigins: [origin] });
    if (valid) expect(make).not.toThrow();
    else expect(make).toThrow(expect.objectContaining({ code: "OPTION" }));
  });
});

test("a class says of itself that it is there for other sites", async () => {
  class Webhook {
    readonly checkOrigin = false;
    POST(_web: Web, name: string) {
      return name;
    }
  }
  class Own {
    POST() {
      return "own";
    }
  }
  const site = application([
    ["/hooks/:name", Webhook],
    ["/hooks", Own],
  ]);
  const request = { method: "POST", headers: { Origin: "https://x.example" } };
  expect((await ask(site, "/hooks/a", request)).text).toBe("a");
  expect((await ask(site, "/hooks", request)).status).toBe(403);
});

describe("the log says why a request was refused, and what to change", () => {
  const site = application([["/admin", application([["/form", { POST: handler }]])]]);
  const behindProxy =
    "where both are this site, its web server has to hand on the Host that the browser sent " +
    '("ProxyPreserveHost On" in Apache, "proxy_set_header Host $http_host" in nginx); ' +
    'else option "trustedOrigins" names those that may\n';

  test.each<[string, Record<string, string>, string]>([
    [
      "behind a proxy that sends a Host of its own",
      { Origin: "http://site.example" },
      `a page of http://site.example sent it, and Host is "127.0.0.1:8080"; ${behindProxy}`,
    ],
    [
      "from a page of another server for development",
      { Origin: "http://localhost:5173", "Sec-Fetch-Site": "same-site" },
      'a page of http://localhost:5173 sent it (Sec-Fetch-Site: same-site), and Host is "127.0.0.1:8080"; ' +
        'option "trustedOrigins" names those that may\n',
    ],
    [
      "without an origin",
      { "Sec-Fetch-Site": "cross-site" },
      'a page of another origin sent it (Sec-Fetch-Site: cross-site), and Host is "127.0.0.1:8080"; ' +
        'option "trustedOrigins" names those that may\n',
    ],
    [
      "from an origin that is hidden",
      { Origin: "null" },
      'a page that hides its origin sent it, and Host is "127.0.0.1:8080"; ' +
        'browsers hide the origin of files, of sandboxed frames, and behind "Referrer-Policy: no-referrer"\n',
    ],
    [
      "in one line, and not in any length",
      { Origin: `\u001b[2J${"x".repeat(1_000)}` },
      `a page of \\x1b[2J${"x".repeat(196)}… sent it, and Host is "127.0.0.1:8080"; ${behindProxy}`,
    ],
  ])("%s", async (_name, headers, line) => {
    const request = { method: "POST", headers, host: "127.0.0.1:8080" };
    for (const [app, path] of [
      [site, "/admin/form"],
      [crossOrigin()(site), "/admin/form"],
    ] as const) {
      const response = await ask(app, path, request);
      expect(response.status).toBe(403);
      expect(response.text.trim().toLowerCase()).toBe("forbidden");
      expect(response.errors).toBe(`refused POST ${path} with 403: ${line}`);
    }
  });
});
