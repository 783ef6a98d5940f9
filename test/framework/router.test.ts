// Neither the index nor what stands for a regular expression may change which route wins and what its groups are: compared with
// trying the expression of every pattern in order.

import fc from "fast-check";
import { expect, test } from "vitest";
import { compilePattern, compilePrefix } from "../../lib/framework/pattern.ts";
import { Router } from "../../lib/framework/router.ts";

const piece = fc.constantFrom(
  ...[
    "a",
    "b",
    "aa",
    "/",
    "/",
    "/a",
    "/b",
    "/a/b",
    "/?",
    "/*",
    "a?",
    "b*",
    "/{0,1}",
    "/:id",
    "\\.",
    "\\/",
    ".",
  ],
  ...[
    "(a)",
    "(a|b)",
    "(?:a|b/)",
    "a|b",
    "|",
    "[ab]",
    "[/a]",
    "(.*)",
    "(.+)",
    "(\\d+)",
    "(\\w+)",
    "([^/]+)",
    "(?<y>\\d+)",
    "(?=/)",
    "\\w",
    "$",
    "^",
    "(?<x>a)?",
    "é",
  ],
);
const source = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => `/${pieces.join("")}`);
const path = fc
  .array(fc.constantFrom("a", "b", "aa", "/", ".", "é", "c", "7", "\n", "\u{1f600}"), { maxLength: 6 })
  .map((pieces) => `/${pieces.join("")}`);

const compiles = (make: () => unknown): boolean => {
  try {
    make();
    return true;
  } catch {
    return false;
  }
};

test.each([
  ["whole paths", compilePattern],
  ["prefixes", compilePrefix],
])("the first match is the same with and without the index: %s", (_name, compile) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(source, fc.boolean()), { minLength: 1, maxLength: 8 }),
      fc.array(path, { minLength: 1, maxLength: 8 }),
      (sources, paths) => {
        const patterns = sources
          .filter(([text]) => compiles(() => compile(text)) && compiles(() => new RegExp(text)))
          .map(([text, literal]) => (literal || text.includes("/:") ? text : new RegExp(text)));
        const router = new Router<number>();
        for (const [order, pattern] of patterns.entries()) router.add(compile(pattern), order);
        const expressions = patterns.map((pattern) => expressionOf(pattern, compile === compilePrefix));
        // There is no index for the first one.
        for (const asked of [...paths, ...paths]) {
          const matches = expressions.map((expression) => expression.exec(asked));
          const first = matches.findIndex((match) => match !== null);
          const found = router.match(asked);
          expect(found?.value ?? -1, asked).toBe(first);
          expect(found && [...found.groups], asked).toEqual(matches[first] && [...matches[first]]);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

/** As the documentation of URL maps has it; with `u` where that can be read. */
function expressionOf(pattern: string | RegExp, isPrefix: boolean): RegExp {
  const source = typeof pattern === "string" ? pattern.replace(/\/:(\w+)/g, "/(?<$1>[^/]+)") : pattern.source;
  const whole = isPrefix ? `^(?:${source.replace(/(?:\\?\/)+$/, "")})(?=/|$)` : `^(?:${source})$`;
  const flags = typeof pattern === "string" && compiles(() => new RegExp(whole, "u")) ? "u" : "";
  return new RegExp(whole, flags);
}

test("thousands of routes may each be the beginning of the next", () => {
  const router = new Router<number>();
  const pathOf = (length: number) => "a".repeat(length);
  for (let length = 1; length <= 4000; length++) {
    const start = pathOf(length);
    const expression = { exec: (asked: string) => (asked.startsWith(start) ? ([start] as const) : null) };
    router.add({ expression, names: [], source: start, start, isStartAll: length % 2 === 0 }, length);
  }
  expect(router.match("b")).toBeUndefined();
  expect(router.match(pathOf(4000))?.value).toBe(1);
});

test("an index is made for the second path, and not for the only one of a CGI script", () => {
  let looks = 0;
  const pattern = {
    expression: { exec: (asked: string) => (asked === "/b" ? (["/b"] as const) : null) },
    names: [],
    source: "/b",
    start: "/b",
    get isStartAll() {
      looks++;
      return true;
    },
  };
  const router = new Router<string>();
  router.add(compilePattern("/a"), "a");
  router.add(pattern, "b");
  expect(router.match("/b")?.value).toBe("b");
  expect(looks).toBe(0);
  expect(router.match("/b")?.value).toBe("b");
  expect(looks).toBeGreaterThan(0);
});

test.each([
  ["/", "/", true],
  ["/a", "/a", true],
  ["/a/b/(.*)", "/a/b/", false],
  ["/a-(\\d+)", "/a-", false],
  ["/a/?", "/a", false],
  ["/ab*", "/a", false],
  ["/file\\.txt", "/file.txt", true],
  ["/a|/b", "", false],
  ["/a/:id", "/a/", false],
  [/^\/a\/(\d+)/, "/a/", false],
  [/^\/a$/, "/a", true],
  [/^\/a$/i, "", false],
  [/\/\u{1f600}?/u, "/", false],
  ["/\u{1f600}?", "/", false],
])("%s is found by %j", (pattern, start, isStartAll) => {
  expect(compilePattern(pattern)).toMatchObject({ start, isStartAll });
});

const segments = ["/", "/a", "/a/:id", "/a/:id/b/:other", "/([^/]+)", "/a-:x/([^/]+)", "/:a/:b/:c/d"];

test.each([...segments, /^\/a\/([^/]+)\/$/, /\/a/u])("%s needs no regular expression", (pattern) => {
  const { calls } = countingExpressions(() => compilePattern(pattern).expression.exec("/a/b/c/d"));
  expect(calls).toBe(0);
});

test.each(["/a/(.*)", "/(\\d+)/b", "/a-(\\w+)", "/(?<rest>.+)", /^\/a\/(\d+)$/])(
  "%s needs its regular expression at the first path",
  (pattern) => {
    const { value, calls } = countingExpressions(() => compilePattern(pattern));
    expect(calls).toBe(0);
    expect(countingExpressions(() => value.expression.exec("/a/1")).calls).toBeGreaterThan(0);
  },
);

/** How often a regular expression was used meanwhile. */
function countingExpressions<T>(action: () => T): { value: T; calls: number } {
  const { exec } = RegExp.prototype;
  let calls = 0;
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    calls++;
    return exec.call(this, text);
  };
  try {
    return { value: action(), calls };
  } finally {
    RegExp.prototype.exec = exec;
  }
}

test("a name is only short for a group right after a slash that is not escaped", () => {
  const { expression, names } = compilePattern("/a\\/:id/b:x");
  expect(names).toEqual([]);
  expect(expression.exec("/a/:id/b:x")).toEqual(["/a/:id/b:x"]);
  expect(expression.exec("/a/1/b:x")).toBeNull();
});

test.each(["/:id/:id", "/(?<x>[^/]+)/:x", "/(?<x>\\d+)-(?<x>.*)"])("%s has a name twice", (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: "PATTERN" }));
});

test.each([
  ["/a(?<!b>[^/]+)/c", "/a/c"],
  ["/a(?<=a>[^/]+)/c", "/ax/c"],
])("%s looks behind, and has no group", (pattern, path) => {
  const expected = expressionOf(pattern, false).exec(path);
  const groups = compilePattern(pattern).expression.exec(path);
  expect(groups && [...groups]).toEqual(expected && [...expected]);
});

// What a path can be made of: all that a regular expression might take for something else.
const text = fc.constantFrom("a", "b", "ab", "A", "", "-", ".", "%2F", "é", "\u{1f600}", " ", "\u2028", "~");
const anyText = fc.oneof(
  text,
  fc.constantFrom("\n", "\r\n", "\0", "\ud83d", "\ude00", "\uffff", "/", "//", "/a"),
);
const group = fc.constantFrom(":id", "([^/]+)", "(?<name>[^/]+)");

test.each([
  ["whole paths", false],
  ["prefixes", true],
])("plain segments match as their regular expression does: %s", (_name, isPrefix) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 2, arbitrary: text }, group), { maxLength: 4 }),
      fc.array(fc.array(anyText, { maxLength: 5 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (segments, others, asExpression) => {
        const source = `/${segments.join("/")}`.replaceAll(".", "\\.");
        fc.pre(
          new Set(source.match(/:id|\(\?<name>/g)).size === (source.match(/:id|\(\?<name>/g) ?? []).length,
        );
        const pattern = asExpression && !source.includes(":") ? new RegExp(source) : source;
        const ours = (isPrefix ? compilePrefix : compilePattern)(pattern).expression;
        const expression = expressionOf(pattern, isPrefix);
        // A path that is like the pattern, the same with something behind it, and any other.
        const similar = others.map((values) =>
          [
            "",
            ...segments.map((segment, index) => (/[(:]/.test(segment) ? (values[index] ?? "x") : segment)),
          ].join("/"),
        );
        const paths = [
          ...similar,
          ...similar.map((path) => `${path}/x`),
          ...others.map((values) => `/${values.join("")}`),
        ];
        if (!(pattern instanceof RegExp)) expect(ours).not.toBeInstanceOf(RegExp);
        for (const path of paths) {
          const expected = expression.exec(path);
          const groups = ours.exec(path);
          expect(groups && [...groups], path).toEqual(expected && [...expected]);
        }
      },
    ),
    { numRuns: 500 },
  );
});
