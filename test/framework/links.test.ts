// web.url() with names: a link is the path that leads to its route with the same groups, or there is none.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type App, application, redirect, seeOther, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

const nothing = { GET: () => "" };

/** What a handler of `/link` gets from `link`. */
async function linked(link: (web: Web) => unknown, routes: readonly (readonly [string | RegExp, string])[]) {
  const app = application([["/link", (web: Web) => [link(web)]]]);
  for (const [pattern, name] of routes) app.addMapping(pattern, nothing, name);
  const response = await ask(app, "/link", { scriptName: "/app" });
  expect(response.errors).toBe("");
  return JSON.parse(response.text)[0];
}

describe("the groups of the pattern are filled in", () => {
  test.each<
    [pattern: string | RegExp, fields: Record<string, string | number> | (string | number)[], link: string]
  >([
    ["/", [], "/app/"],
    ["/about", {}, "/app/about"],
    ["/articles/:id", { id: 7 }, "/app/articles/7"],
    ["/articles/:id", [7], "/app/articles/7"],
    ["/articles/(\\d+)", [7], "/app/articles/7"],
    ["/(?<year>\\d{4})/(?<slug>[^/]+)", { slug: "a b", year: 2026 }, "/app/2026/a%20b"],
    ["/articles/:id", { id: 7, page: 2, q: "a&b" }, "/app/articles/7?page=2&q=a%26b"],
    ["/files/(.*)", ["a/b c.txt"], "/app/files/a/b%20c.txt"],
    ["/files/(.*)", [""], "/app/files/"],
    ["/users/:name", ["Jürgen"], "/app/users/J%C3%BCrgen"],
    ["/users/:name", ["100%"], "/app/users/100%25"],
    ["/users/:name", ["a?b#c"], "/app/users/a%3Fb%23c"],
    ["/list/?", [], "/app/list"],
    ["/list(?:/(\\d+))?", [], "/app/list"],
    ["/list(?:/(\\d+))?", [3], "/app/list/3"],
    ["/list/(\\d+)?", [], "/app/list/"],
    ["/file\\.txt", [], "/app/file.txt"],
    ["/dash\\-ed/(a|b)", ["b"], "/app/dash-ed/b"],
    [/^\/regex\/(\d+)$/, [1], "/app/regex/1"],
    ["/ahead(?=/)/(x)", ["x"], "/app/ahead/x"],
  ])("%s with %j", async (pattern, fields, link) => {
    expect(await linked((web) => web.url("it", fields), [[pattern, "it"]])).toBe(link);
  });
});

describe("what does not fit is the application's error", () => {
  test.each<[pattern: string, fields: Record<string, string | number> | (string | number)[]]>([
    ["/articles/:id", {}],
    ["/articles/:id", []],
    ["/articles/:id", [1, 2]],
    ["/articles/:id", ["a/b"]],
    ["/articles/:id", [""]],
    ["/articles/:id", [".."]],
    ["/files/(.*)", ["../x"]],
    ["/articles/(\\d+)", ["x"]],
    ["/(a*)(a*)", ["", "a"]],
    ["/about", ["x"]],
  ])("%s with %j", async (pattern, fields) => {
    const app = application([["/link", (web: Web) => web.url("it", fields)]]);
    app.addMapping(pattern, nothing, "it");
    await expect(ask(app, "/link")).resolves.toMatchObject({ status: 500 });
    expect((await ask(app, "/link")).errors).toContain("ApplicationError");
  });

  test.each(["nobody", "blog.nobody", "it.x"])("there is no route %s", async (name) => {
    const app = application([["/(.*)", (web: Web) => web.url(name), "it"]]);
    expect((await ask(app, "/")).errors).toContain(`no route is named "${name}"`);
  });

  test.each(["/a.b", "/[ab]", "/.*", "/a|/b", "/(a)+", "/((a)b)", "/a{2}", "/\\d", "/(?:a|b)", "/(?:a)*"])(
    "%s cannot have a name",
    (pattern) => {
      expect(() => application([]).addMapping(pattern, nothing, "it")).toThrow(
        expect.objectContaining({ code: "PATTERN" }),
      );
    },
  );

  test.each(["", "a.b", "/a", "7", 7, null])("%j is no name", (name) => {
    expect(() => application([]).addMapping("/a", nothing, name as string)).toThrow(
      expect.objectContaining({ code: "URL_MAP" }),
    );
  });

  test("two of one name", () => {
    const twice = () =>
      application([
        ["/a", nothing, "it"],
        ["/b", nothing, "it"],
      ]);
    expect(twice).toThrow(expect.objectContaining({ code: "URL_MAP" }));
  });
});

describe("in mounted applications", () => {
  const links: ((web: Web) => unknown)[] = [
    (web) => web.url("article", [7]),
    (web) => web.url("home"),
    (web) => web.url("blog.article", { user: "ann", id: 8 }),
    (web) => web.url("blog", { user: "bob" }),
  ];
  const all = (web: Web) => links.map((link) => link(web));
  const blog = application([
    ["/all", all],
    ["/articles/:id", nothing, "article"],
    ["/see", () => seeOther(["article", { id: 9, page: 1 }])],
    ["/leave", () => seeOther(["home"])],
    ["/old", redirect(["article", [1]])],
  ]);
  const app: App = application([
    ["/", nothing, "home"],
    ["/users/:user/blog/", blog, "blog"],
  ]);

  test("its own names come first, then those of the applications around it", async () => {
    const response = await ask(app, "/users/joe/blog/all", { scriptName: "/app" });
    expect(JSON.parse(response.text)).toEqual([
      "/app/users/joe/blog/articles/7",
      "/app/",
      "/app/users/ann/blog/articles/8",
      "/app/users/bob/blog",
    ]);
  });

  test.each([
    ["/users/joe/blog/see", "/app/users/joe/blog/articles/9?page=1"],
    ["/users/joe/blog/leave", "/app/"],
    ["/users/joe/blog/old", "/app/users/joe/blog/articles/1"],
  ])("a redirect takes the same: %s → %s", async (path, location) => {
    expect((await ask(app, path, { scriptName: "/app" })).header("Location")).toBe(location);
  });

  test("routes() has the names as they are used", async () => {
    const names = (await app.routes()).map(({ name }) => name);
    expect(names).toEqual(["home", undefined, "blog.article", undefined, undefined, undefined]);
  });
});

test("a path keeps its fragment behind the query", async () => {
  expect(await linked((web) => web.url("/a#b", { c: 1 }), [])).toBe("/app/a?c=1#b");
});

test("a link that is followed arrives with the groups it was made of", async () => {
  const app = application([
    ["/make/(.*)", (web: Web) => web.url("it", { ...web.query("one", "two") })],
    ["/a/:one/(?<two>.*)/z", (web: Web) => ({ ...web.params }), "it"],
  ]);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), async (one, two) => {
      const made = await ask(app, `/make/?${new URLSearchParams({ one, two })}`);
      if (made.status === 500) {
        // Nothing that could be a segment, or one that a browser takes out.
        expect(
          /^$|\/|^\.\.?$/.test(one) || /(^|\/)\.\.?(\/|$)/.test(two) || /[\n\r\u2028\u2029]/.test(two),
        ).toBe(true);
        return;
      }
      const url = new URL(made.text, "http://localhost");
      expect(JSON.parse((await ask(app, url.pathname)).text)).toEqual({ one, two });
    }),
    { numRuns: 100 },
  );
});
