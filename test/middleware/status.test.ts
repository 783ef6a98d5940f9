import { describe, expect, test } from "vitest";
import type { Application, Environ } from "../../lib/gateway/types.ts";
import { type StatusOptions, status } from "../../lib/middleware/status.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { type CallRequest, call } from "../../lib/testing/call.ts";

const TOKEN = "0123456789abcdef";
const LOCAL = ["127.0.0.0/8", "::1"];

const application: Application = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`the application at ${environ.SCRIPT_NAME}${environ.PATH_INFO}`];
};

/** Between validators, as a server and as an application would have it. */
function ask(options: Omit<StatusOptions, "path">, target = "/server-status", request: CallRequest = {}) {
  const shown = status({ path: "/server-status", ...options })(validate(application));
  return call(validate(shown), target, request);
}

/** As one whom every test below lets in. */
function look(target: string, request: CallRequest = {}) {
  return ask({ permit: () => true }, target, request);
}

describe("who may see it", () => {
  test.each<[string, StatusOptions]>([
    ["nobody is asked for anything", { path: "/s" }],
    ["a token that was not set", { path: "/s", token: undefined }],
    ["an empty token", { path: "/s", token: "" }],
    ["a token that can be guessed", { path: "/s", token: "0123456789abcde" }],
    ["a token that is no Bearer token", { path: "/s", token: "0123456789 abcdef" }],
    ["a network that is none", { path: "/s", allow: ["localhost"] }],
    ["no path", { path: "server-status", token: TOKEN }],
  ])("%s: the start fails", (_what, options) => {
    expect(() => status(options)).toThrow(expect.objectContaining({ name: "GatewayError", code: "OPTION" }));
  });

  test.each<[string, number, Record<string, unknown>]>([
    ["127.0.0.1", 200, {}],
    ["127.9.9.9", 200, {}],
    ["::1", 200, {}],
    ["::ffff:127.0.0.1", 200, {}],
    ["203.0.113.9", 403, {}],
    ["::ffff:203.0.113.9", 403, {}],
    ["", 403, {}],
    ["unix:", 403, {}],
    // A proxy on this machine, which says so.
    ["127.0.0.1", 403, { HTTP_X_FORWARDED_FOR: "203.0.113.9" }],
    ["127.0.0.1", 403, { HTTP_FORWARDED: "for=203.0.113.9" }],
    ["127.0.0.1", 403, { HTTP_X_REAL_IP: "203.0.113.9" }],
    ["127.0.0.1", 403, { HTTP_VIA: "1.1 proxy" }],
  ])("allow: %s gets %d %j", async (address, code, more) => {
    const response = await ask({ allow: LOCAL }, undefined, { environ: { REMOTE_ADDR: address, ...more } });
    expect(response.status).toBe(code);
    expect(response.header("Cache-Control")).toBe("no-store");
    expect(response.text.includes("pools")).toBe(code === 200);
  });

  test("allow: a client whose address nobody knows is not let in", async () => {
    const shown = validate(status({ path: "/s", allow: LOCAL })(application));
    const { status: code } = await call((environ, startResponse) => {
      delete environ.REMOTE_ADDR;
      return shown(environ, startResponse);
    }, "/s");
    expect(code).toBe(403);
  });

  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  test.each<[string | undefined, number]>([
    [`Bearer ${TOKEN}`, 200],
    [`bearer  ${TOKEN}`, 200],
    [basic(`:${TOKEN}`), 200],
    [basic(`anybody:${TOKEN}`), 200],
    [undefined, 401],
    ["", 401],
    ["Bearer", 401],
    ["Bearer ", 401],
    [`Bearer ${TOKEN}0`, 401],
    [`Bearer ${TOKEN.slice(1)}`, 401],
    [`Bearer ${TOKEN} ${TOKEN}`, 401],
    [`Token ${TOKEN}`, 401],
    [TOKEN, 401],
    [basic(TOKEN), 401],
    [basic(`a:b:${TOKEN}`), 401],
    [basic(`${TOKEN}:`), 401],
    ["Basic %%%", 401],
  ])("token: %j gets %d", async (authorization, code) => {
    const headers: Record<string, string> =
      authorization === undefined ? {} : { Authorization: authorization };
    const response = await ask({ token: TOKEN }, undefined, { headers });
    expect(response.status).toBe(code);
    const challenges = response.headers
      .filter(([name]) => name === "WWW-Authenticate")
      .map(([, value]) => value);
    // RFC 9110 §11.6.1: a 401 says what would help.
    expect(challenges).toEqual(code === 401 ? ['Basic realm="status"', 'Bearer realm="status"'] : []);
  });

  test.each([true, false])("permit: a promise of %s", async (answer) => {
    const asked: Environ[] = [];
    const permit = async (environ: Environ) => {
      asked.push(environ);
      return answer;
    };
    const response = await ask({ permit }, undefined, { environ: { REMOTE_USER: "ada" } });
    expect(response.status).toBe(answer ? 200 : 403);
    expect(asked.map((environ) => environ.REMOTE_USER)).toEqual(["ada"]);
  });

  test("permit: what is not true is no", async () => {
    const permit = (() => "yes") as unknown as () => boolean;
    expect((await ask({ permit })).status).toBe(403);
  });

  test("permit: one that fails shows nothing", async () => {
    const permit = (): boolean => {
      throw new Error("on purpose");
    };
    const response = await ask({ permit });
    expect(response.status).toBe(500);
    expect(response.text).not.toContain("pools");
  });

  test("all that is asked for has to hold", async () => {
    const options = {
      allow: LOCAL,
      token: TOKEN,
      permit: (environ: Environ) => environ.REMOTE_USER === "ada",
    };
    const code = async (address: string, token: string, user: string) =>
      (
        await ask(options, undefined, {
          headers: { Authorization: `Bearer ${token}` },
          environ: { REMOTE_ADDR: address, REMOTE_USER: user },
        })
      ).status;
    expect(await code("::1", TOKEN, "ada")).toBe(200);
    expect(await code("::2", TOKEN, "ada")).toBe(403);
    expect(await code("::1", "x", "ada")).toBe(401);
    expect(await code("::1", TOKEN, "eve")).toBe(403);
  });
});

describe("the path", () => {
  test.each([
    "/",
    "/server-status/",
    "/server-status/x",
    "/server-statu",
    "/Server-Status",
    "//server-status",
  ])("%s is the application's", async (path) => {
    const { text, status: code } = await ask({ allow: [] }, path, { method: "POST", body: "x" });
    expect([code, text]).toEqual([200, `the application at ${path}`]);
  });

  test("is below the application's own mount point", async () => {
    expect((await look("/server-status", { scriptName: "/app" })).header("Content-Type")).toBe(
      "application/json",
    );
    const other = await look("/", { scriptName: "/server-status" });
    expect(other.text).toBe("the application at /server-status/");
  });

  test("is the path's, however the path was written", async () => {
    expect((await look("/server%2Dstatus?json")).header("Content-Type")).toBe("application/json");
  });
});

const browser =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
// As Prometheus 2.53 and 3.1 send it.
const prometheus2 =
  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const prometheus3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

const types = {
  html: "text/html; charset=utf-8",
  json: "application/json",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

describe("the format", () => {
  test.each<[keyof typeof types, string, string | undefined]>([
    ["json", "", undefined],
    ["json", "", "*/*"],
    ["json", "", "application/json"],
    ["json", "", "application/json, text/plain, */*"],
    ["json", "", "constructor"],
    ["html", "", browser],
    ["html", "", "text/html;q=0.5, application/json;q=0.4"],
    ["json", "", "text/html;q=0.4, application/json;q=0.5"],
    ["json", "", "text/html;q=0"],
    ["json", "", "text/html;q=x"],
    ["prometheus", "", prometheus2],
    ["prometheus", "", prometheus3],
    ["prometheus", "", "text/plain"],
    ["json", "?json", browser],
    ["json", "?format=json", browser],
    ["prometheus", "?prometheus", browser],
    ["prometheus", "?format=prometheus", browser],
    ["html", "?html", "*/*"],
    ["html", "?refresh=5&format=html", "*/*"],
    ["html", "?other&full", browser],
  ])("is %s for %j with Accept %j", async (format, query, accept) => {
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
    const response = await look(`/server-status${query}`, { headers });
    expect(response.status).toBe(200);
    expect(response.header("Content-Type")).toBe(types[format]);
    expect(response.header("Cache-Control")).toBe("no-store");
    expect(response.header("X-Content-Type-Options")).toBe("nosniff");
  });

  test.each(["xml", "", "constructor"])("?format=%s is refused", async (format) => {
    const response = await look(`/server-status?format=${format}`);
    expect(response.status).toBe(400);
    expect(response.text).toBe("The status has the formats html, json and prometheus.\n");
  });

  test.each(Object.entries(types))("%s: HEAD has the head of GET", async (format, type) => {
    const response = await look(`/server-status?format=${format}`, { method: "HEAD" });
    expect([response.status, response.header("Content-Type"), response.text]).toEqual([200, type, ""]);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])("%s is refused", async (method) => {
    const response = await look("/server-status", { method });
    expect([response.status, response.header("Allow")]).toEqual([405, "GET, HEAD"]);
  });
});
