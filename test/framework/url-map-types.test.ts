// What the compiler says of a URL map. `tsc -p test/tsconfig.json` is the test; each line that must not compile is
// marked, and a mark on a line that does compile is an error too.

import { expect, expectTypeOf, test } from "vitest";
import {
  application,
  lazy,
  subdomainApplication,
  type Upload,
  upload,
  uploads,
  type Web,
  withProcessors,
} from "../../lib/index.ts";

class None {
  GET() {
    return "";
  }
}
class One {
  GET(_web: Web, name: string) {
    return name;
  }
}
class Two {
  async POST(_web: Web, a: string, b: string) {
    return a + b;
  }
}
test("a handler takes no more arguments than its pattern has groups", () => {
  application([
    ["/", None],
    ["/(.*)", None],
    ["/(.*)", One],
    ["/:name", One],
    ["/(?<name>.*)", One],
    ["/(?:a|b)/(.*)", One],
    ["/\\(/(.*)", One],
    ["/[(]/(.*)", One],
    ["/:a/x/(\\d+)", Two],
    ["/(?<=x)(?<!y)(.)(.)", Two],
    [/(.)/, Two],
    ["/named/:a/:b", Two, "two"],
  ]);

  // @ts-expect-error no group for what is loaded
  application([["/", lazy(async () => One)]]);
  // @ts-expect-error no group for what has processors
  application([["/", withProcessors([], One)]]);
  application([
    ["/:a/(.)", lazy(async () => Two)],
    ["/:a", withProcessors([], One)],
  ]);
  // @ts-expect-error a host without a group
  subdomainApplication([["a\\.example", One]]);
  subdomainApplication([["(\\w+)\\.example", One]]);

  // @ts-expect-error no group, although the route has a name
  application([["/", One, "one"]]);
  // @ts-expect-error a name is a string
  expect(() => application([["/", None, 1]])).toThrow(expect.objectContaining({ code: "URL_MAP" }));

  // @ts-expect-error no group
  application([["/", One]]);
  // @ts-expect-error a group that does not capture
  application([["/(?:.*)", One]]);
  // @ts-expect-error an escaped parenthesis
  application([["/\\(", One]]);
  // @ts-expect-error a parenthesis in a class
  application([["/[(]", One]]);
  // @ts-expect-error a colon that does not follow a slash
  application([["/a:name", One]]);
  // @ts-expect-error one group for two arguments
  application([["/:name", Two]]);
  // @ts-expect-error a group that may be missing is undefined then
  application([["/(.*)?", One]]);
  const refused = { code: "TARGET" };
  // @ts-expect-error one that is written in place
  application([["/(a)", (_web, a, b) => a + b]]);
  // @ts-expect-error a group that may be missing
  application([["/(a)?", (_web, a) => a]]);
  // @ts-expect-error no method at all
  expect(() => application([["/", { get: () => "" }]])).toThrow(expect.objectContaining(refused));
  // @ts-expect-error no target
  expect(() => application([["/", "One"]])).toThrow(expect.objectContaining(refused));
  // @ts-expect-error one group for two arguments
  application([]).addMapping("/:name", Two);
  // @ts-expect-error a function with too many arguments
  application([["/", (_web: Web, name: string) => name]]);
});

test("arguments of handlers written in place have their types", () => {
  application([
    [
      "/:id/(.*)",
      {
        GET(web, id, rest) {
          expectTypeOf(web).toEqualTypeOf<Web>();
          expectTypeOf(id).toEqualTypeOf<string>();
          expectTypeOf(rest).toEqualTypeOf<string>();
          return "";
        },
      },
    ],
    ["/(a)?", (_web, group?: string) => group],
  ]);
  application([[/(.)/, (_web, ...groups) => expectTypeOf(groups).toEqualTypeOf<string[]>()]]);
});

test("what a handler asks for decides what it gets", () => {
  application([
    [
      "/",
      {
        async POST(web) {
          const one = await web.input("id", {
            page: "1",
            note: null,
            tags: [],
            file: upload(),
            all: uploads(),
          });
          expectTypeOf(one.id).toEqualTypeOf<string>();
          expectTypeOf(one.page).toEqualTypeOf<string>();
          expectTypeOf(one.note).toEqualTypeOf<string | null>();
          expectTypeOf(one.tags).toEqualTypeOf<string[]>();
          expectTypeOf(one.file).toEqualTypeOf<Upload | undefined>();
          expectTypeOf(one.all).toEqualTypeOf<Upload[]>();
          expectTypeOf(await web.input()).toEqualTypeOf<Record<string, string | undefined>>();
          expectTypeOf(web.query({ q: "" }).q).toEqualTypeOf<string>();
          expectTypeOf((await web.cookies({ name: "" })).name).toEqualTypeOf<string>();
          // @ts-expect-error not asked for
          one.other;
        },
      },
    ],
  ]);
});
