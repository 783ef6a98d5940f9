import fc from "fast-check";
import validate from "validate-npm-package-name";
import { expect, test } from "vitest";
import { nameComplaint, similarName } from "../../lib/cli/new-name.ts";

const usual = [
  "my-site",
  "a",
  "a.b",
  "a_b",
  "1st",
  "x~y",
  "a'b",
  "(a)",
  "a*",
  "@scope",
  "a/b",
  "a%20b",
  "ａ",
  "fs",
];
const strange = ["", " ", " a", "a ", ".a", "-a", "_a", "A", "node_modules", "favicon.ico", "x".repeat(215)];

test.each([...usual, ...strange])("%j is judged as npm judges it", (name) => {
  expect(nameComplaint(name) === undefined).toBe(validate(name).validForNewPackages);
});

test("any name is judged as npm judges it", () => {
  const names = fc.oneof(fc.string({ maxLength: 12 }), fc.stringMatching(/^[\w.~'()*@ -]{0,8}$/));
  fc.assert(
    fc.property(names, (name) => {
      expect(nameComplaint(name) === undefined).toBe(validate(name).validForNewPackages);
    }),
  );
});

test("what is proposed instead is a name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (name) => {
      expect(nameComplaint(similarName(name))).toBeUndefined();
    }),
  );
});
