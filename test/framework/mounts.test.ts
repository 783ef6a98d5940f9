import { describe, expect, test } from "vitest";
import { application, notFound, redirect, seeOther, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const place = (web: Web) => {
  const { home, realhome, homepath, path, fullpath, query } = web.ctx;
  const { SCRIPT_NAME, PATH_INFO } = web.environ;
  return { home, realhome, homepath, path, fullpath, query, SCRIPT_NAME, PATH_INFO };
};

const inner = application([["(.*)", place]]);
const blog = application([
  ["/admin", inner],
  ["/to", () => Promise.reject(seeOther("/here"))],
  ["/relative/x", () => seeOther("y?z=1")],
  ["/outside", () => seeOther("/here", { absolute: true })],
  ["/moved", redirect("/here")],
  ["/url/(.*)", (web) => [web.url(), web.url("/a b", { c: 1 }), web.url("./d"), web.url("?e=f")]],
  ["(/place.*|/)", place],
]);
const app = application([
  ["/blog/", blog],
  ["/users/:id/blog", application([["/(.*)", (web, rest) => ({ ...web.params, rest })]])],
  ["/é", inner],
  ["/(.*)", (_web, rest) => `outer ${rest}`],
]);

test.each([/\/blog/, /\/blog\//, /\/blog\/\//, /^\/blog\//])(
  "the prefix %s is one with or without its slash",
  async (prefix) => {
    const mounted = application([[prefix, application([["(.*)", (web: Web) => web.ctx.path]])]]);
    const answers = ["/blog", "/blog/", "/blog/a/b", "/blogger"].map((target) => ask(mounted, target));
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(["/", "/", "/a/b", "not found"]);
  },
);

describe("a mounted application sees the rest of the path", () => {
  test.each([
    ["/blog", { homepath: "/app/blog", path: "/", SCRIPT_NAME: "/app/blog", PATH_INFO: "" }],
    ["/blog/", { homepath: "/app/blog", path: "/", SCRIPT_NAME: "/app/blog", PATH_INFO: "/" }],
    [
      "/blog/place?q=1",
      {
        home: "http://localhost:8080/app/blog",
        realhome: "http://localhost:8080/app",
        path: "/place",
        fullpath: "/place?q=1",
        query: "?q=1",
        SCRIPT_NAME: "/app/blog",
        PATH_INFO: "/place",
      },
    ],
    ["/blog/admin/x/", { homepath: "/app/blog/admin", path: "/x/", PATH_INFO: "/x/" }],
    // Bytes stay bytes in the environ (UTF-8 as Latin-1), and are percent-encoded in a link.
    [
      "/%C3%A9/%C3%BC",
      { homepath: "/app/%C3%A9", path: "/ü", SCRIPT_NAME: "/app/\u00c3\u00a9", PATH_INFO: "/\u00c3\u00bc" },
    ],
  ])("%s", async (path, expected) => {
    const response = await ask(app, path, { scriptName: "/app" });
    expect(JSON.parse(response.text)).toMatchObject(expected);
  });

  test.each(["/blogger", "/blog2/place", "/blo"])("%s is another's", async (path) => {
    expect((await ask(app, path)).text).toBe(`outer ${path.slice(1)}`);
  });

  test("named groups of the prefix are in web.params", async () => {
    expect(JSON.parse((await ask(app, "/users/7/blog/x")).text)).toEqual({ id: "7", rest: "x" });
  });
});

describe("redirects and links start where the application is mounted", () => {
  test.each([
    ["/blog/to", "/app/blog/here"],
    ["/blog/relative/x", "/app/blog/relative/y?z=1"],
    ["/blog/outside", "/app/here"],
    ["/blog/moved", "/app/blog/here"],
  ])("%s → %s", async (path, location) => {
    expect((await ask(app, path, { scriptName: "/app" })).header("Location")).toBe(location);
  });

  test("web.url()", async () => {
    const response = await ask(app, "/blog/url/%C3%BC?q=1", { scriptName: "/app" });
    expect(JSON.parse(response.text)).toEqual([
      "/app/blog/url/%C3%BC",
      "/app/blog/a%20b?c=1",
      "/app/blog/url/d",
      "/app/blog/url/%C3%BC?e=f",
    ]);
  });
});

// web.py's rules (RS-07), as paths.
describe("redirect targets", () => {
  test.each([
    ["", "/a/b", "/new", "/new"],
    ["/app", "/a/b", "/new", "/app/new"],
    ["/app", "/a/b", "new", "/app/a/new"],
    ["/app", "/a/b", "../new", "/app/new"],
    ["/app", "/a/b", "../../../new", "/app/new"],
    ["/app", "/a/b", "?q=1", "/app/a/b?q=1"],
    ["/app", "/a/b", "", "/app/a/b"],
    ["/app", "/a/b", "#top", "/app/a/b#top"],
    ["/app", "/a/b", "https://example.org/x?y#z", "https://example.org/x?y#z"],
    ["", "/a", "//evil.example/", "/.//evil.example/"],
    ["", "/a", "/\\evil.example/", "/%5Cevil.example/"],
    ["", "/a", "/\t/evil.example/", "/%09/evil.example/"],
    ["", "/a", "/é ü", "/%C3%A9%20%C3%BC"],
    ["", "/a", "/x\r\nSet-Cookie: a=b", "/x%0D%0ASet-Cookie:%20a=b"],
    ["/my app", "/a", "/x", "/my%20app/x"],
  ])("mounted at %j, asked for %s: %j → %s", async (scriptName, path, target, location) => {
    const one = application([["(.*)", () => seeOther(target)]]);
    const response = await ask(one, path, { scriptName });
    expect([response.status, response.header("Location")]).toEqual([303, location]);
  });
});

describe("pages of a mounted application", () => {
  const child = application([["/x", () => "x"]]);
  const parent = application([
    ["/child", child],
    ["/none", () => notFound()],
    ["/said", () => notFound("said")],
  ]);

  test("its own notFound, else that of its parent, else the plain one", async () => {
    expect((await ask(parent, "/child/y")).text).toBe("not found");
    parent.notFound = (web) => `parent: ${web.ctx.path}`;
    expect(await ask(parent, "/child/y")).toMatchObject({ status: 404, text: "parent: /child/y" });
    expect(await ask(parent, "/none")).toMatchObject({ status: 404, text: "parent: /none" });
    expect(await ask(parent, "/said")).toMatchObject({ status: 404, text: "said" });
    child.notFound = async (web) => `child: ${web.ctx.path}`;
    expect(await ask(parent, "/child/y")).toMatchObject({ status: 404, text: "child: /y" });
    expect(await ask(child, "/y")).toMatchObject({ status: 404, text: "child: /y" });
  });

  test("that of the parent for a stream that ends before it has begun", async () => {
    // biome-ignore lint/correctness/useYield: it ends before it has begun
    async function* nothing(): AsyncGenerator<string> {
      throw notFound();
    }
    const outer = application([["/child", application([["/x", () => nothing()]])]]);
    outer.notFound = (web) => `parent: ${web.ctx.path}`;
    expect(await ask(outer, "/child/x")).toMatchObject({ status: 404, text: "parent: /child/x" });
  });
});
