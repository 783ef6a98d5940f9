import { expect, test } from "vitest";
import { resolvePointer } from "../../lib/cli/json-pointer.ts";

/** The document of RFC 6901 §5, and what the RFC says of each pointer. */
const example = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
};

test.each([
  ["", example],
  ["/foo", ["bar", "baz"]],
  ["/foo/0", "bar"],
  ["/", 0],
  ["/a~1b", 1],
  ["/c%d", 2],
  ["/e^f", 3],
  ["/g|h", 4],
  ["/i\\j", 5],
  ['/k"l', 6],
  ["/ ", 7],
  ["/m~0n", 8],
])("%j", (pointer, value) => {
  expect(resolvePointer(example, pointer)).toEqual(value);
});

test.each(["/foo/2", "/foo/-", "/foo/01", "/foo/length", "/no", "/foo/0/x", "/toString"])(
  "%j leads nowhere",
  (pointer) => {
    expect(resolvePointer(example, pointer)).toBeUndefined();
  },
);

test("~01 is ~1, not a slash", () => {
  expect(resolvePointer({ "~1": "tilde", "/": "slash" }, "/~01")).toBe("tilde");
});
