import { describe, expect, test } from "vitest";
import { type BasicAuthOptions, basicAuth } from "../../lib/middleware/basic-auth.ts";
import { call } from "../../lib/testing/call.ts";
import { between, shows } from "./between.ts";

const users = { Aladdin: "open sesame", test: "123£", "": "nobody" };
const inner = shows("REMOTE_USER", "AUTH_TYPE");

function ask(options: BasicAuthOptions, Authorization: string | undefined, environ = {}) {
  const headers = Authorization === undefined ? {} : { Authorization };
  return call(between(basicAuth(options), inner), "/", { headers, environ });
}

describe("credentials", () => {
  test.each([
    // RFC 7617 §2 and §2.1.
    ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin"],
    ["Basic dGVzdDoxMjPCow==", "test"],
    ["basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin"],
    ["BASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin"],
    // test:123£ in Latin-1.
    ["Basic dGVzdDoxMjOj", "test"],
  ])("%s is %s", async (header, user) => {
    const response = await ask({ users }, header);
    expect(response.status).toBe(200);
    expect(JSON.parse(response.text)).toEqual({ REMOTE_USER: user, AUTH_TYPE: "Basic" });
  });

  test.each([
    undefined,
    "",
    "Basic",
    "Basic ",
    "Basic !",
    "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    // Aladdin without a colon, with another password, with a part of it, with none.
    "Basic QWxhZGRpbg==",
    `Basic ${btoa("Aladdin:open")}`,
    `Basic ${btoa("Aladdin:open sesame ")}`,
    `Basic ${btoa("Aladdin:")}`,
    `Basic ${btoa("nobody:")}`,
    `Basic ${btoa("__proto__:")}`,
    `Basic ${btoa("toString:function toString() { [native code] }")}`,
    `Basic ${btoa("Aladdin\n:open sesame")}`,
    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x",
  ])("%j is refused", async (header) => {
    const response = await ask({ users }, header, { REMOTE_USER: "root" });
    expect(response.status).toBe(401);
    expect(response.header("WWW-Authenticate")).toBe('Basic realm="restricted area", charset="UTF-8"');
    expect(response.header("Cache-Control")).toBe("no-store");
    expect(response.text).toBe("Unauthorized\n");
  });

  test("a password may have colons", async () => {
    expect((await ask({ users: { a: "b:c" } }, `Basic ${btoa("a:b:c")}`)).status).toBe(200);
  });
});

test("what the web server said of the user is gone", async () => {
  const response = await ask({ verify: () => true }, `Basic ${btoa("ada:x")}`, {
    REMOTE_USER: "root",
    AUTH_TYPE: "Digest",
  });
  expect(JSON.parse(response.text)).toEqual({ REMOTE_USER: "ada", AUTH_TYPE: "Basic" });
});

test("a name that is not ASCII is bytes of UTF-8 in REMOTE_USER", async () => {
  const header = `Basic ${Buffer.from("Jürgen:x").toString("base64")}`;
  const asked: string[] = [];
  const response = await ask({ verify: (user, password) => asked.push(user, password) > 0 }, header);
  expect(asked).toEqual(["Jürgen", "x"]);
  expect(JSON.parse(response.text).REMOTE_USER).toBe("J\xc3\xbcrgen");
});

describe("verify", () => {
  test.each<[unknown, number]>([
    [true, 200],
    [false, 401],
    [Promise.resolve(true), 200],
    [Promise.resolve(false), 401],
    // What is not true refuses.
    [undefined, 401],
    ["yes", 401],
    [Promise.resolve(1), 401],
  ])("%j gives %d", async (verdict, status) => {
    const verify = () => verdict as boolean;
    expect((await ask({ verify }, `Basic ${btoa("ada:x")}`)).status).toBe(status);
  });

  test("an error of it is a 500 of the server", async () => {
    const verify = () => Promise.reject(new Error("on purpose"));
    expect((await ask({ verify }, `Basic ${btoa("ada:x")}`)).status).toBe(500);
  });
});

test("the realm is quoted", async () => {
  const response = await ask({ users, realm: 'a "b" \\ c' }, undefined);
  expect(response.header("WWW-Authenticate")).toBe('Basic realm="a \\"b\\" \\\\ c", charset="UTF-8"');
});

test.each<BasicAuthOptions>([
  {},
  { users, verify: () => true },
  { users: { ada: "" } },
  { users: { "a:b": "x" } },
  { users, realm: "a\nb" },
  { users, realm: "ü" },
  { users, realm: "" },
])("%j is refused", (options) => {
  expect(() => basicAuth(options)).toThrow(expect.objectContaining({ code: "OPTION" }));
});
