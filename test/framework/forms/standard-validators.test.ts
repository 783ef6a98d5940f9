import { describe, expect, test } from "vitest";
import {
  between,
  dropdown,
  emailAddress,
  equalTo,
  form,
  length,
  number,
  oneOf,
  password,
  type Rule,
  textarea,
  textbox,
} from "../../../lib/framework/forms.ts";

/** What is noted at a field of text in which something was typed. */
async function noted(rule: Rule<string>, text: string): Promise<string | null> {
  const filled = form([textarea("field", rule)])();
  await filled.validates({ field: text });
  return filled.get("field")?.note ?? null;
}

test.each<[string, Rule<string>, string, string | null]>([
  ["length", length({ min: 2 }), "a", "At least 2 characters"],
  ["length", length({ min: 2 }), "ab", null],
  ["length", length({ max: 2 }), "abc", "At most 2 characters"],
  ["length", length({ min: 2, max: 3 }), "abcd", "From 2 to 3 characters"],
  ["length", length({ min: 2, max: 3 }), "abc", null],
  ["length", length({ min: 2, max: 2 }), "a", "Exactly 2 characters"],
  ["length", length({ max: 3 }), "a\r\nb", null],
  ["length", length({ min: 2 }, "Too short"), "a", "Too short"],
  ["between", between({ min: 1, max: 9 }), "10", "From 1 to 9"],
  ["between", between({ min: 1, max: 9 }), "9", null],
  ["between", between({ min: 1, max: 9 }), "1", null],
  ["between", between({ min: 0 }), "-0.5", "At least 0"],
  ["between", between({ max: 0 }), "1", "At most 0"],
  ["between", between({ min: 0 }), "many", "At least 0"],
  ["between", between({ min: 0 }), " ", "At least 0"],
  ["between", between({ min: 0 }), "1e999", "At least 0"],
  ["oneOf", oneOf(["a", "b"]), "c", "Not one of the choices"],
  ["oneOf", oneOf(["a", "b"], "a or b"), "", null],
  ["oneOf", oneOf(["a", "b"]), "b", null],
  ["emailAddress", emailAddress(), "ada@example.org", null],
  ["emailAddress", emailAddress(), "ada", "Not an e-mail address"],
  ["emailAddress", emailAddress("No address"), "a@b@c", "No address"],
])("%s %# with %j", async (_name, rule, text, note) => {
  expect(await noted(rule, text)).toBe(note);
});

test.each([length({ min: 2 }), between({ min: 2 }), oneOf(["a"]), emailAddress()])(
  "what is empty is left to notnull: %#",
  async (rule) => {
    expect(await noted(rule, "")).toBeNull();
  },
);

test("numbers and lists are looked at as they are", async () => {
  const filled = form([
    number("age", between({ min: 18 })),
    dropdown("tags", ["a", "b", "c"], length({ max: 2 }, "Two at most"), oneOf(["a", "b"]), {
      multiple: true,
    }),
    dropdown("more", ["a", "b", "c"], oneOf(["a", "b"]), { multiple: true }),
  ])();
  await filled.validates({ age: "17", tags: ["a", "b", "c"], more: ["a", "c"] });
  expect(filled.inputs.map(({ note }) => note)).toEqual([
    "At least 18",
    "Two at most",
    "Not one of the choices",
  ]);
  expect(await filled.validates({ age: "", tags: [], more: ["a", "b"] })).toBe(true);
  const pair = form([dropdown("tags", ["a", "b"], length({ min: 2 }, "Both"), { multiple: true })])();
  expect([await pair.validates({ tags: ["a"] }), await pair.validates({ tags: [] })]).toEqual([false, true]);
});

describe("equalTo", () => {
  const Account = form([password("password"), password("again"), textbox("a.b"), textbox("a.c")], {
    validators: [equalTo("again", "password", "The passwords differ"), equalTo("a.c", "a.b")],
  });

  test("notes what differs at its field", async () => {
    const filled = Account();
    expect(await filled.validates({ password: "x", again: "y", "a.b": "1", "a.c": "1" })).toBe(false);
    expect(filled.get("again")?.note).toBe("The passwords differ");
    expect(filled.note).toBeNull();
    expect(await filled.validates({ password: "x", again: "x", "a.b": "1", "a.c": "2" })).toBe(false);
    expect(filled.get("a.c")?.note).toBe("Not the same");
    expect(await filled.validates({ password: "x", again: "x", "a.b": "1", "a.c": "1" })).toBe(true);
  });
});

test.each([
  () => length({}),
  () => length({ min: 3, max: 2 }),
  () => between({ min: Number.NaN }),
  () => between({ max: Number.POSITIVE_INFINITY }),
  () => equalTo("__proto__", "a"),
  () => equalTo("a", ""),
])("a declaration that says nothing is refused: %#", (declare) => {
  expect(declare).toThrow(expect.objectContaining({ code: "VALIDATOR" }));
});
