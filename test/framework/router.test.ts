// The index must never change which route wins: compared with trying every pattern in order.

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
  .array(fc.constantFrom("a", "b", "aa", "/", ".", "é", "c"), { maxLength: 6 })
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
          .map(([text, literal]) => compile(literal || text.includes("/:") ? text : new RegExp(text)));
        const router = new Router<number>();
        for (const [order, pattern] of patterns.entries()) router.add(pattern, order);
        for (const asked of paths) {
          const first = patterns.findIndex(({ expression }) => expression.test(asked));
          expect(router.match(asked)?.value ?? -1, asked).toBe(first);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ["/", [""]],
  ["/a", ["a"]],
  ["/a/b/(.*)", ["a", "b"]],
  ["/a/?", ["a"]],
  ["/file\\.txt", ["file.txt"]],
  ["/a/", ["a", ""]],
  [/^\/a\/(\d+)/, ["a"]],
])("%s is found by %j", (pattern, segments) => {
  expect(compilePattern(pattern).segments).toEqual(segments);
});
