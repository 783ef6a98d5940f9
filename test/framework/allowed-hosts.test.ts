import { describe, expect, test } from "vitest";
import { application, redirect, seeOther, type Web } from "../../lib/index.ts";
import { trustedProxies } from "../../lib/middleware/trusted-proxies.ts";
import { call } from "../../lib/testing/call.ts";
import { ask } from "./ask.ts";

let calls = 0;
const home = (web: Web) => {
  calls++;
  return `${web.ctx.homedomain} ${web.ctx.home} ${web.ctx.realhome}`;
};
const addresses = (base: string) => `${base} ${base} ${base}`;
const allowedHosts = ["example.org", "shop.example.org:8443", ".example.net", "[2001:db8::1]", "192.0.2.1"];

describe("an application with allowedHosts", () => {
  const app = application([["/", home]], { allowedHosts });
  app.use((_web, next) => {
    calls++;
    return next();
  });

  test.each([
    "example.org",
    "example.org:8080",
    "EXAMPLE.ORG",
    "shop.example.org:8443",
    "example.net",
    "a.b.example.net:81",
    "[2001:db8::1]:8080",
    "[2001:DB8:0:0::1]",
    "192.0.2.1:80",
  ])("answers for %s, and makes addresses of it", async (host) => {
    const response = await ask(app, "/", { host });
    expect([response.status, response.text]).toEqual([200, addresses(`http://${host}`)]);
  });

  test.each([
    "",
    "evil.example",
    "localhost",
    "example.org.evil.example",
    "evil-example.org",
    "www.example.org",
    "shop.example.org",
    "shop.example.org:8444",
    "notexample.net",
    "example.net@evil.example",
    "evil.example@example.org",
    "evil.example:80@example.org",
    "example.org,evil.example",
    "example.org:80:80",
    "example.org:http",
    "[2001:db8::2]",
    "192.0.2.1.evil.example",
  ])("refuses %j before anything runs", async (host) => {
    calls = 0;
    // The gateway's own rules warn of the worst of these.
    for (const path of ["/", "/missing"]) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const response = await call(app, path, { host, method });
        expect([response.status, response.errors, calls]).toEqual([400, "", 0]);
        if (host !== "") expect(response.text).not.toContain(host);
      }
    }
  });

  test("a dot at the end names the same host", async () => {
    expect((await ask(app, "/", { host: "example.org." })).status).toBe(200);
  });

  test("a mounted application answers for its own hosts, or else for those of its parent", async () => {
    const parent = application(
      [
        ["/own", application([["/", home]], { allowedHosts: ["own.example"] })],
        ["/same", application([["/", (web: Web) => web.ctx.home]])],
      ],
      { allowedHosts: ["example.org", "own.example"] },
    );
    const statuses = async (path: string) =>
      Promise.all(
        ["example.org", "own.example", "evil.example"].map(
          async (host) => (await ask(parent, path, { host })).status,
        ),
      );
    expect(await statuses("/own/")).toEqual([400, 200, 400]);
    expect(await statuses("/same/")).toEqual([200, 200, 400]);
    expect((await ask(parent, "/same/", { host: "example.org" })).text).toBe("http://example.org/same");
  });
});

describe("an application without", () => {
  const app = application([["/", home]]);

  test.each(["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "app.localhost"])(
    "makes addresses of this machine's own name %s for its own requests",
    async (host) => {
      expect((await ask(app, "/", { host })).text).toBe(addresses(`http://${host}`));
    },
  );

  test.each(["example.org", "evil.example", "localhost.evil.example", "evil.example@localhost", "a b"])(
    "makes none of %s",
    async (host) => {
      const response = await call(app, "/", { host });
      expect([response.status, response.errors]).toEqual([500, expect.stringMatching(/ALLOWED_HOSTS/)]);
      expect(response.text).not.toContain(host);
    },
  );

  test("makes none of this machine's name for a client elsewhere", async () => {
    const behind = trustedProxies({ proxies: ["127.0.0.1"], family: "x-forwarded" })(app);
    const headers = { "X-Forwarded-For": "192.0.2.7" };
    expect((await call(behind, "/", { host: "localhost", headers })).status).toBe(500);
  });

  test("answers any host, with paths", async () => {
    const paths = application([
      ["/see", () => seeOther("/x")],
      ["/relative", () => seeOther("x?y")],
      ["/old", redirect("/new")],
      ["/url", (web: Web) => web.url("/x")],
    ]);
    const host = "evil.example";
    const locations = ["/see", "/relative", "/old"].map(async (path) =>
      (await ask(paths, path, { host })).header("Location"),
    );
    expect(await Promise.all(locations)).toEqual(["/x", "/x?y", "/new"]);
    expect((await ask(paths, "/url", { host })).text).toBe("/x");
  });
});

describe("a forwarded host", () => {
  const app = application([["/", home]], { allowedHosts: ["example.org"] });
  const headers = { "X-Forwarded-Host": "example.org", Forwarded: "host=example.org" };

  test("counts from a trusted proxy alone", async () => {
    expect((await call(app, "/", { host: "inner", headers })).status).toBe(400);
    const believe = (proxies: string[]) =>
      trustedProxies({ proxies, family: "x-forwarded", believe: ["host"] })(app);
    expect((await call(believe(["127.0.0.1"]), "/", { host: "inner", headers })).text).toBe(
      addresses("http://example.org"),
    );
    expect((await call(believe(["10.0.0.1"]), "/", { host: "inner", headers })).status).toBe(400);
  });

  test("does not open the door to another", async () => {
    const outside = trustedProxies({ proxies: ["127.0.0.1"], family: "x-forwarded", believe: ["host"] })(app);
    const forwarded = { "X-Forwarded-Host": "evil.example" };
    expect((await call(outside, "/", { host: "example.org", headers: forwarded })).status).toBe(400);
  });
});

test.each([
  ["example.org"],
  [["https://example.org"]],
  [["example.org/"]],
  [["*"]],
  [["*.example.org"]],
  [[""]],
  [["."]],
  [[".example.org:80"]],
  [["bücher.example"]],
  [[undefined]],
])("allowedHosts %j is refused at once", (hosts) => {
  expect(() => application([], { allowedHosts: hosts as string[] })).toThrow(
    expect.objectContaining({ code: "OPTION", message: expect.stringContaining('"allowedHosts"') }),
  );
});
