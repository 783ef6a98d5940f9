import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type ApplicationOptions, application, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const one = (handler: (web: Web) => unknown, options?: ApplicationOptions) =>
  application([["(.*)", handler]], options);
const cookie = (value: string) => ({ headers: { Cookie: value } });

describe("cookies that a client sent", () => {
  test.each([
    ["a=1; b=2", { a: "1", b: "2", c: "x" }],
    ["a=1; a=2", { a: "1", c: "x" }],
    ["a=%C3%BC%20x", { a: "ü x", c: "x" }],
    ["a=%zz; b", { a: "%zz", c: "x" }],
    ['a="b c"; b=%22d%22; d="%C3%BC"; e="', { a: "b c", b: '"d"', d: "ü", e: '"', c: "x" }],
    ["", { c: "x" }],
    ["c=; __proto__=1", { c: "", ["__proto__"]: "1" }],
  ])("%j", async (header, expected) => {
    const app = one((web) => web.cookies({ c: "x" }));
    const { text } = await ask(app, "/", cookie(header));
    expect(text).toBe(JSON.stringify(expected));
  });

  test("none at all, and a required one that is missing", async () => {
    expect(
      (
        await ask(
          one((web) => web.cookies()),
          "/",
        )
      ).text,
    ).toBe("{}");
    expect(
      (
        await ask(
          one((web) => web.cookies("a")),
          "/",
        )
      ).status,
    ).toBe(400);
    expect(
      (
        await ask(
          one((web) => web.cookies("a")),
          "/",
          cookie("a=1"),
        )
      ).text,
    ).toBe('{"a":"1"}');
  });
});

describe("web.setCookie()", () => {
  test.each<[string, (web: Web) => void, Parameters<typeof ask>[2], string[]]>([
    [
      "what is safe by default",
      (web) => web.setCookie("a", "1"),
      {},
      ["a=1; Path=/; HttpOnly; SameSite=Lax"],
    ],
    [
      "Secure on https",
      (web) => web.setCookie("a", "1"),
      { https: true },
      ["a=1; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ],
    [
      "the path of the mount",
      (web) => web.setCookie("a", "1"),
      { scriptName: "/app" },
      ["a=1; Path=/app/; HttpOnly; SameSite=Lax"],
    ],
    [
      "any text",
      (web) => web.setCookie("a", "ü;\r\n x"),
      {},
      ["a=%C3%BC%3B%0D%0A%20x; Path=/; HttpOnly; SameSite=Lax"],
    ],
    [
      "all attributes",
      (web) =>
        web.setCookie("a", "1", {
          maxAge: 60,
          expires: new Date(0),
          domain: "example.org",
          path: "/x",
          httpOnly: false,
          secure: true,
          sameSite: "none",
          partitioned: true,
          priority: "low",
        }),
      {},
      [
        "a=1; Max-Age=60; Domain=example.org; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; Partitioned; Priority=Low; SameSite=None",
      ],
    ],
    [
      "several stay apart",
      (web) => {
        web.setCookie("a", "1");
        web.setCookie("b", "2");
      },
      {},
      ["a=1; Path=/; HttpOnly; SameSite=Lax", "b=2; Path=/; HttpOnly; SameSite=Lax"],
    ],
    [
      "deleting",
      (web) => web.deleteCookie("a"),
      {},
      ["a=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax"],
    ],
  ])("%s", async (_name, set, request, expected) => {
    const { headers } = await ask(one(set), "/", request);
    expect(headers.filter(([name]) => name === "Set-Cookie").map(([, value]) => value)).toEqual(expected);
  });

  test("defaults of the application", async () => {
    const app = one((web) => web.setCookie("a", "1"), {
      cookies: { sameSite: "strict", domain: "example.org" },
    });
    expect((await ask(app, "/")).header("Set-Cookie")).toBe(
      "a=1; Domain=example.org; Path=/; HttpOnly; SameSite=Strict",
    );
  });

  test.each<[string, (web: Web) => void, string]>([
    ["a name with a space", (web) => web.setCookie("my name", "1"), '"my name"'],
    ["a name with a line break", (web) => web.setCookie("a\r\nX: y", "1"), "cannot be set"],
    ["a domain that is none", (web) => web.setCookie("a", "1", { domain: "a b" }), '"a"'],
    ["a path with a line break", (web) => web.setCookie("a", "1", { path: "/\r\nX: y" }), '"a"'],
    ["a fraction of a second", (web) => web.setCookie("a", "1", { maxAge: 1.5 }), "maxAge"],
    ["over 4096 bytes", (web) => web.setCookie("a", "x".repeat(4096)), '"a" takes'],
    ["SameSite=None without Secure", (web) => web.setCookie("a", "1", { sameSite: "none" }), "secure"],
    ["__Secure- without Secure", (web) => web.setCookie("__Secure-a", "1"), "secure"],
    ["__Host- with a path", (web) => web.setCookie("__Host-a", "1", { secure: true, path: "/x" }), "path"],
    ["signed without a key", (web) => web.setCookie("a", "1", { signed: true }), "secrets"],
  ])("%s is an error that names the cookie", async (_name, set, text) => {
    const response = await ask(one(set), "/");
    expect(response.status).toBe(500);
    expect(response.header("Set-Cookie")).toBeUndefined();
    expect(response.errors).toContain("code: 'COOKIE'");
    expect(response.errors).toContain(text);
  });

  test("goes out with a response that is thrown, and with a stream", async () => {
    const app = application([
      [
        "/throw",
        (web) => {
          web.setCookie("a", "1");
          throw new Error("page");
        },
      ],
      [
        "/stream",
        function* (web: Web) {
          web.setCookie("a", "1");
          yield "x";
        },
      ],
    ]);
    app.internalError = (web) => {
      web.setCookie("b", "2");
      return "sorry";
    };
    expect((await ask(app, "/stream")).header("Set-Cookie")).toContain("a=1");
    expect((await ask(app, "/throw")).header("Set-Cookie")).toContain("b=2");
  });
});

describe("signed cookies", () => {
  const secrets = ["current secret", "older secret"];
  const mac = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("base64url");
  const read = one(async (web) => ({ a: await web.signedCookie("a") }), { secrets });

  test("are value, dot, HMAC-SHA-256 over name and value", async () => {
    const app = one((web) => web.setCookie("a", "v.1", { signed: true }), { secrets });
    const line = (await ask(app, "/")).header("Set-Cookie");
    expect(line).toBe(`a=v.1.${mac("current secret", "a=v.1")}; Path=/; HttpOnly; SameSite=Lax`);
  });

  test.each([
    ["signed by the current key", `v.${mac("current secret", "a=v")}`, "v"],
    ["signed by an older key", `v.${mac("older secret", "a=v")}`, "v"],
    ["an empty value", `.${mac("current secret", "a=")}`, ""],
    ["another value", `w.${mac("current secret", "a=v")}`, undefined],
    ["another cookie's signature", `v.${mac("current secret", "b=v")}`, undefined],
    ["a key that is gone", `v.${mac("forgotten", "a=v")}`, undefined],
    ["a shorter signature", `v.${mac("current secret", "a=v").slice(0, -2)}`, undefined],
    ["no signature", "v", undefined],
    ["an empty signature", "v.", undefined],
  ])("%s", async (_name, value, expected) => {
    expect(JSON.parse((await ask(read, "/", cookie(`a=${value}`))).text)).toEqual({ a: expected });
  });

  test("cannot be read without a key", async () => {
    for (const options of [{}, { secrets: [] }, { secrets: [""] }]) {
      const app = one((web) => web.signedCookie("a"), options);
      expect((await ask(app, "/", cookie("a=1.x"))).errors).toContain("SECRETS");
      // A first visitor has no cookie yet; who wrote the application hears of it all the same.
      expect((await ask(app, "/")).errors).toContain("SECRETS");
    }
  });

  test("a mounted application uses its parent's keys unless it has its own", async () => {
    const child = one((web) => web.signedCookie("a"));
    const own = one((web) => web.signedCookie("a"), { secrets: ["own"] });
    const app = application(
      [
        ["/child", child],
        ["/own", own],
      ],
      { secrets },
    );
    expect((await ask(app, "/child", cookie(`a=v.${mac("older secret", "a=v")}`))).text).toBe("v");
    expect((await ask(app, "/own", cookie(`a=v.${mac("older secret", "a=v")}`))).text).toBe("");
  });
});

test.each([
  ["a text, whose letters would be keys", "secret"],
  ["a variable that is not set", [undefined]],
])("the option secrets is not %s", (_name, secrets) => {
  expect(() => application([], { secrets: secrets as never })).toThrow(
    expect.objectContaining({
      code: "OPTION",
      message: expect.stringMatching(/^option "secrets" is a list of keys, .*; is a variable not set\?$/),
    }),
  );
});
