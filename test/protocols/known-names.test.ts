import { describe, expect, test } from "vitest";
import { KnownNames, viewOf } from "../../lib/protocols/known-names.ts";

/** What stands for `name` where `before` stood in the request before. */
function read(before: string, name: string): string {
  const names = new KnownNames((text) => text);
  const at = (text: string): string => {
    const bytes = Buffer.from(`<${text}>`, "latin1");
    return names.behind(names.first, bytes, viewOf(bytes), 1, 1 + text.length).text;
  };
  at(before);
  return at(name);
}

const lengths = [1, 2, 7, 8, 9, 15, 16, 17, 40, 128, 129];

describe("names that were seen before", () => {
  test.each(lengths)("a name of %i bytes is told from one that differs in any byte", (length) => {
    const name = "HTTP_ACCEPT_LANGUAGE".repeat(10).slice(0, length);
    expect(read(name, name)).toBe(name);
    for (let at = 0; at < length; at++) {
      const other = `${name.slice(0, at)}~${name.slice(at + 1)}`;
      expect(read(name, other)).toBe(other);
    }
  });

  test.each(lengths)(
    "a name of %i bytes is told from one that is longer, and from its beginning",
    (length) => {
      const name = "SERVER_SOFTWARE_".repeat(10).slice(0, length);
      expect(read(name, `${name}_`)).toBe(`${name}_`);
      expect(read(`${name}_`, name)).toBe(name);
    },
  );

  // As doubles: zero and minus zero, and values that are no numbers, all of which are bytes like others.
  const zero = "\0".repeat(8);
  const minusZero = `${"\0".repeat(7)}\x80`;
  const noNumbers = ["\xff".repeat(8), `${"\0".repeat(6)}\xf8\x7f`, `\x01${"\0".repeat(5)}\xf8\x7f`];
  const strange = [zero, minusZero, ...noNumbers];
  for (const before of strange) {
    for (const name of strange) {
      test(`bytes ${hex(name)} behind ${hex(before)}`, () => {
        expect(read(before, name)).toBe(name);
        expect(read(`HTTP_${before}`, `HTTP_${name}`)).toBe(`HTTP_${name}`);
      });
    }
  }
});

describe("what is worked out of a name", () => {
  function reader() {
    const made: string[] = [];
    const names = new KnownNames((text) => made.push(text));
    const read = (...texts: string[]): string[] => {
      let name = names.first;
      return texts.map((text) => {
        const bytes = Buffer.from(text, "latin1");
        name = names.behind(name, bytes, viewOf(bytes), 0, bytes.length);
        return name.text;
      });
    };
    return { made, read };
  }

  test("is made once, in whatever order names come", () => {
    const { made, read } = reader();
    for (const order of [
      ["A", "B", "C"],
      ["A", "C", "B"],
      ["C", "A", "A", "B"],
      ["A", "B", "C"],
    ])
      expect(read(...order)).toEqual(order);
    expect(made).toEqual(["", "A", "B", "C"]);
  });

  test("is made anew for names that are long, or too many", () => {
    const { made, read } = reader();
    const long = "A".repeat(129);
    expect(read(long, "B", long)).toEqual([long, "B", long]);
    expect(made.filter((name) => name === long)).toHaveLength(2);
    for (let count = 0; count < 600; count++) read(`NAME_${count}`);
    const before = made.length;
    expect(read("NAME_1", "NAME_599", "NAME_599")).toEqual(["NAME_1", "NAME_599", "NAME_599"]);
    expect(made.slice(before)).toEqual(["NAME_599", "NAME_599"]);
  });
});

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}
