import { describe, expect, test } from "vitest";
import { application, type Route, redirect, type Web } from "../../lib/index.ts";
import { ask } from "./ask.ts";

/** Answers with its name, what it was called with, and the named groups. */
const tell =
  (name: string) =>
  (web: Web, ...groups: (string | undefined)[]) =>
    JSON.stringify([name, groups, { ...web.params }]);

const app = application([
  ["/", tell("root")],
  ["/hello/(.*)", tell("hello")],
  ["/users/:id", tell("user")],
  ["/users/me", tell("never: the one before wins")],
  ["/users/:id/posts/(\\d+)", tell("post")],
  ["/(?:a|b)/(?<rest>.+)", tell("either")],
  ["/file\\.txt", tell("dot")],
  ["/dash\\-ed", tell("dash")],
  ["/slash/?", tell("slash")],
  ["/optional/(\\w+)?", tell("optional")],
  [/\/Re(g)ex/i, tell("regex")],
  [/^\/anchored$/, tell("anchored")],
  ["/café/:name", tell("utf-8")],
  ["/x|/y", tell("alternatives")],
  ["/page/new", tell("new")],
  ["/page/([a-z]+)", tell("page")],
  ["/class/[/:x]+", tell("class")],
  ["/(\\d+)", tell("number")],
] as Route[]);

describe("a path finds the first pattern that matches all of it", () => {
  test.each([
    ["/", "root", [], {}],
    ["/hello/", "hello", [""], {}],
    ["/hello/a/b", "hello", ["a/b"], {}],
    ["/users/7", "user", ["7"], { id: "7" }],
    ["/users/me", "user", ["me"], { id: "me" }],
    ["/users/7/posts/12", "post", ["7", "12"], { id: "7" }],
    ["/b/c/d", "either", ["c/d"], { rest: "c/d" }],
    ["/file.txt", "dot", [], {}],
    ["/dash-ed", "dash", [], {}],
    ["/slash", "slash", [], {}],
    ["/slash/", "slash", [], {}],
    ["/optional/a", "optional", ["a"], {}],
    ["/optional/", "optional", [null], {}],
    ["/rEGEX", "regex", ["G"], {}],
    ["/anchored", "anchored", [], {}],
    ["/caf%C3%A9/J%C3%BCrgen", "utf-8", ["Jürgen"], { name: "Jürgen" }],
    ["/x", "alternatives", [], {}],
    ["/y", "alternatives", [], {}],
    ["/page/new", "new", [], {}],
    ["/page/old", "page", ["old"], {}],
    ["/class/:/x", "class", [], {}],
    ["/42", "number", ["42"], {}],
    // Bytes that are no UTF-8 are handed on as they are, one character each (PEP 3333).
    ["/hello/%FF", "hello", ["\u00ff"], {}],
    ["/hello/%C3%BC", "hello", ["ü"], {}],
    ["/hello/%F0%9F%98%80", "hello", ["😀"], {}],
    ["/hello/a%2Bb+c", "hello", ["a+b+c"], {}],
  ])("%s → %s %j %j", async (path, name, groups, params) => {
    const response = await ask(app, path);
    expect(JSON.parse(response.text)).toEqual([name, groups, params]);
  });

  test.each([
    "/hello",
    "/users/",
    "/users/7/",
    "/filextxt",
    "/42%0A",
    "/42/",
    "/anchored/more",
    "/xx",
    "/page/New",
    "/users/a/b",
  ])("%s → 404", async (path) => {
    expect(await ask(app, path)).toMatchObject({ status: 404, reason: "Not Found", text: "not found" });
  });
});

test("a route that is added later comes last", async () => {
  const late = application([["/a", tell("first")]]);
  late.addMapping("/(.)", tell("second")).addMapping("/b", tell("third"));
  expect((await ask(late, "/a")).text).toContain("first");
  expect((await ask(late, "/b")).text).toContain("second");
});

test("order is kept whatever the index does", async () => {
  // Plain and not plain routes take turns; each path must get the first that matches it.
  const patterns = ["/s/1", "/s/(.)", "/s/2", "/(.)/3", "/s/3", "/s/4/(.*)", "/(.*)", "/t/5"];
  const mixed = application(patterns.map((pattern) => [pattern, tell(pattern)] as Route));
  const firstOf = (path: string) => patterns.find((pattern) => new RegExp(`^(?:${pattern})$`).test(path));
  for (const path of ["/s/1", "/s/2", "/s/3", "/s/4/5", "/t/3", "/t/5", "/u", "/s/12", "/"]) {
    expect(JSON.parse((await ask(mixed, path)).text)[0], path).toBe(firstOf(path));
  }
});

test("the cost of a match does not grow with the number of ordinary routes", () => {
  // Counted, not timed: how many regular expressions are tried.
  let tried = 0;
  const many = application([]);
  for (let i = 0; i < 1000; i++) {
    const expression = new RegExp(`/section${i % 10}/page${i}/(\\d+)`);
    many.addMapping(expression, () => "");
  }
  const { exec } = RegExp.prototype;
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    if (this.source.includes("section")) tried++;
    return exec.call(this, text);
  };
  try {
    many(environ("/section3/page993/5"), () => async () => {});
  } finally {
    RegExp.prototype.exec = exec;
  }
  expect(tried).toBe(1);
});

function environ(path: string) {
  return {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: path,
    QUERY_STRING: "",
  } as unknown as Parameters<typeof app>[0];
}

test("a pattern without a slash in front that can match all the same", async () => {
  const odd = application([
    ["x|/y", () => "y"],
    ["a?/z", () => "z"],
    [".*", () => "rest"],
  ]);
  expect([(await ask(odd, "/y")).text, (await ask(odd, "/z")).text, (await ask(odd, "/")).text]).toEqual([
    "y",
    "z",
    "rest",
  ]);
});

const smallFields = class {
  get = () => "";
};

class Silent {
  show() {
    return "";
  }
}

function Es5(this: Record<string, unknown>) {
  this["GET"] = () => "a function's";
}

const computed = ["G", "ET"].join("") as "GET";
const answers = { GET: () => "assigned" };

describe("a class whose methods are made with its objects is taken", () => {
  test.each([
    [
      "a field",
      class {
        GET = () => "a field";
      },
    ],
    [
      "a computed field",
      class {
        [computed] = () => "a computed field";
      },
    ],
    [
      "assigned",
      class {
        constructor() {
          Object.assign(this, answers);
        }
      },
    ],
    [
      "another object",
      class {
        constructor() {
          // biome-ignore lint/correctness/noConstructorReturn: what is taken is looked at
          return { GET: () => "another object" };
        }
      },
    ],
    [
      "inherited",
      class extends class {
        GET = () => "inherited";
      } {},
    ],
    [
      "a method of its parent",
      class extends class {
        GET() {
          return "a method of its parent";
        }
      } {},
    ],
    ["a function's", class extends (Es5 as unknown as new () => object) {}],
  ])("%s", async (text, target) => {
    expect((await ask(application([["/", target]] as unknown as Route[]), "/")).text).toBe(text);
  });
});

describe("what cannot be a URL map is refused when it is made", () => {
  test.each([
    ["a pattern that is no regular expression", ["/(", () => ""], "PATTERN", '"/("'],
    ["a pattern that no path matches", ["x/(.*)", () => ""], "PATTERN", '"x/(.*)"'],
    ["a plain word", ["x", () => ""], "PATTERN", '"x"'],
    ["a target without a method", ["/", {}], "TARGET", '"/"'],
    [
      "a target whose methods are in small letters",
      [
        "/",
        class {
          get() {}
        },
      ],
      "TARGET",
      "call it GET",
    ],
    [
      "a target whose methods are fields in small letters",
      ["/", smallFields],
      "TARGET",
      "has no method such as GET",
    ],
    [
      "a target whose methods are static",
      [
        "/",
        class {
          static GET() {}
          title() {}
        },
      ],
      "TARGET",
      'has a static method GET, which no request calls: leave "static" out',
    ],
    ["a class of nothing", ["/", class {}], "TARGET", "has no method such as GET"],
    [
      "a class whose methods are no methods of HTTP",
      [
        "/",
        class {
          title = "Index";
          index() {
            return this.title;
          }
        },
      ],
      "TARGET",
      "has no method such as GET",
    ],
    ["one that extends such a class", ["/", class extends Silent {}], "TARGET", "has no method such as GET"],
    ["a target that is nothing", ["/x", undefined], "TARGET", '"/x"'],
    ["a target that is a string", ["/x", "Hello"], "TARGET", '"/x"'],
  ])("%s", (_name, route, code, text) => {
    const make = () => application([route as unknown as Route]);
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  test.each([
    ["nothing", undefined],
    ["an object", { "/": () => "" }],
    ["one flat list, as in web.py", ["/", () => ""]],
    ["a pattern that is none", [[7, () => ""]]],
  ])("%s", (_name, urls) => {
    const make = () => application(urls as unknown as Route[]);
    expect(make).toThrow(expect.objectContaining({ code: "URL_MAP" }));
  });
});

describe("a redirect as target", () => {
  const old = application([
    ["/old", redirect("/new")],
    ["/old/(.*)/(?<name>.*)", redirect("/new/$<name>/$1", { status: 308 })],
    ["/query", redirect("/new?a=1")],
    ["/elsewhere/(.*)", redirect("https://example.org/$1")],
    ["/moved(.*)", redirect("https://example.org$1")],
    ["/site/(.*)", redirect("https://$1.example.org/")],
    ["/top", redirect("/new#top")],
    ["/any/(.*)", redirect("/$1")],
    ["/bare/(.*)", redirect("$1")],
  ]);

  test.each([
    ["GET", "/old", 301, "/app/new"],
    ["GET", "/old?x=1&y=%20", 301, "/app/new?x=1&y=%20"],
    ["POST", "/old?x=1", 301, "/app/new"],
    ["GET", "/old/a/b%20c", 308, "/app/new/b%20c/a"],
    ["GET", "/query?b=2", 301, "/app/new?a=1&b=2"],
    ["GET", "/elsewhere/x", 301, "https://example.org/x"],
    ["GET", "/moved", 301, "https://example.org"],
    ["GET", "/moved/x", 301, "https://example.org/x"],
    ["GET", "/moved//evil.example/", 301, "https://example.org//evil.example/"],
    ["GET", "/moved.evil.example/", 404, undefined],
    ["GET", "/moved@evil.example/", 404, undefined],
    ["GET", "/moved:80@evil.example/", 404, undefined],
    ["GET", "/site/de", 301, "https://de.example.org/"],
    ["GET", "/site/a.de", 301, "https://a.de.example.org/"],
    ["GET", "/site/evil.example/", 404, undefined],
    ["GET", "/site/evil.example:80@a", 404, undefined],
    ["GET", "/site/", 404, undefined],
    ["GET", "/top?a=1", 301, "/app/new?a=1#top"],
    ["GET", "/any/%0D%0ASet-Cookie:x", 404, undefined],
    ["GET", "/any/a%3Fb%23c%25", 301, "/app/a%3Fb%23c%25"],
  ])("%s %s → %i %s", async (method, path, status, location) => {
    const response = await ask(old, path, { method, scriptName: "/app" });
    expect([response.status, response.header("Location")]).toEqual([status, location]);
  });

  test("a group cannot name a scheme", async () => {
    const response = await ask(old, "/bare/https:evil.example", { scriptName: "/app" });
    expect(response.header("Location")).toBe("/app/bare/https:evil.example");
  });

  test("a group cannot name another host", async () => {
    const response = await ask(old, "/any//evil.example/");
    // RFC 3986 §4.2: this is a path, "//evil.example/" would be a host.
    expect(response.header("Location")).toBe("/.//evil.example/");
    expect(new URL("/.//evil.example/", "http://here/").host).toBe("here");
  });
});
