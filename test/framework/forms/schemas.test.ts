// Schemas of the libraries that follow https://standardschema.dev, and of no library at all.

import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  checkbox,
  file,
  form,
  list,
  notnull,
  number,
  type StandardSchema,
  textbox,
  Upload,
  validator,
} from "../../../lib/framework/forms.ts";

/** A schema by hand, as the specification has it. */
function schema<Output>(validate: StandardSchema<Output>["~standard"]["validate"]): StandardSchema<Output> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

describe("a schema of a field", () => {
  const Age = form([textbox("age", notnull, z.coerce.number("Not a number").int().min(18, "Too young"))]);

  test("gives its value to form.d", async () => {
    expect((await Age.from({ age: "42" })).d).toEqual({ age: 42 });
  });

  test.each([
    ["", "Required"],
    ["x", "Not a number"],
    ["17", "Too young"],
  ])("says of %j: %s, and leaves what was typed", async (age, note) => {
    const filled = await Age.from({ age });
    expect([filled.valid, filled.d.age, filled.age.note]).toEqual([false, age, note]);
    expect(String(filled.age)).toContain(age === "" ? 'type="text"' : `value="${age}"`);
  });

  test("may be asynchronous, or follow another", async () => {
    const upper = schema(async (value) => ({ value: String(value).toUpperCase() }));
    const Twice = form([
      textbox(
        "x",
        z.string().transform((text) => `${text}!`),
        upper,
        validator("", (x) => x === "A!"),
      ),
    ]);
    expect(await Twice.from({ x: "a" })).toMatchObject({ valid: true, d: { x: "A!" } });
  });
});

interface Vendor {
  readonly name: string;
  /** `{ name: text of at least 2 characters, address: { zip: text of digits }, tags: [{ label: text }] }` */
  readonly schema: () => Promise<StandardSchema>;
}

// By name: the compiler looks at zod alone, whose types are those of the specification.
const load = (name: string) => import(name);

const vendors: Vendor[] = [
  {
    name: "zod",
    schema: async () =>
      z.object({
        name: z.string().min(2),
        address: z.object({ zip: z.string().regex(/^\d+$/).transform(Number) }),
        tags: z.array(z.object({ label: z.string().min(2) })),
      }),
  },
  {
    name: "valibot",
    schema: async () => {
      const v = await load("valibot");
      return v.object({
        name: v.pipe(v.string(), v.minLength(2)),
        address: v.object({ zip: v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number)) }),
        tags: v.array(v.object({ label: v.pipe(v.string(), v.minLength(2)) })),
      });
    },
  },
  {
    name: "arktype",
    schema: async () => {
      const { type } = await load("arktype");
      return type({
        name: "string >= 2",
        address: { zip: "string.integer.parse" },
        tags: type({ label: "string >= 2" }).array(),
      });
    },
  },
];

describe.each(vendors)("a form's schema of $name", ({ schema: make }) => {
  const fields = [textbox("name"), textbox("address.zip"), list("tags", [textbox("label")])] as const;

  test("gives form.d", async () => {
    const Person = form(fields, { validators: [await make()] });
    const filled = await Person.from({ name: "Ann", address: { zip: "3000" }, tags: [{ label: "ab" }] });
    expect([filled.valid, filled.toJSON().notes]).toEqual([true, {}]);
    expect(filled.d).toEqual({ name: "Ann", address: { zip: 3000 }, tags: [{ label: "ab" }] });
  });

  test("says what is wrong at its field", async () => {
    const Person = form(fields, { validators: [await make()] });
    const filled = await Person.from({
      name: "A",
      address: { zip: "x" },
      tags: [{ label: "ab" }, { label: "c" }],
    });
    const { valid, note, notes } = filled.toJSON();
    expect([valid, note, Object.keys(notes)]).toEqual([
      false,
      null,
      ["name", "address.zip", "tags[1].label"],
    ]);
    expect(filled.render().match(/class="wrong"/g)).toHaveLength(3);
    // What was typed is still what there is.
    expect(filled.d).toMatchObject({ name: "A", address: { zip: "x" } });
  });
});

describe("an issue", () => {
  const placed = async (...issues: { message: string; path?: (PropertyKey | { key: PropertyKey })[] }[]) => {
    const Placed = form([textbox("a"), textbox("b.c"), list("d", [textbox("e")])], {
      validators: [schema(() => ({ issues }))],
    });
    const { note, notes } = (await Placed.from({ d: [{ e: "x" }] })).toJSON();
    return { note, notes };
  };

  test("goes to its field, with keys or with segments", async () => {
    expect(
      await placed(
        { message: "1", path: ["a"] },
        { message: "2", path: [{ key: "b" }, { key: "c" }] },
        { message: "3", path: ["d", 0, "e"] },
        { message: "4", path: ["d"] },
      ),
    ).toEqual({ note: null, notes: { a: "1", "b.c": "2", "d[0].e": "3", d: "4" } });
  });

  test("inside of a field's value goes to the field, the first one counts", async () => {
    expect(await placed({ message: "1", path: ["a", "x", 3] }, { message: "2", path: ["a"] })).toEqual({
      note: null,
      notes: { a: "1" },
    });
  });

  // With all fields looked through for each issue this would take half a minute.
  test("may be at each of many fields", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const items = Array.from({ length: 300 }, () => Object.fromEntries(names.map((name) => [name, "x"])));
    const issues = items.flatMap((_item, index) =>
      names.map((name) => ({ message: "m", path: ["items", index, name] })),
    );
    const fields = names.map((name) => textbox(name));
    const Many = form([list("items", fields, { maxRows: 300 })], {
      validators: [schema(() => ({ issues }))],
    });
    expect(Object.keys((await Many.from({ items })).toJSON().notes)).toHaveLength(2400);
  });

  test("without a field of the form goes above it", async () => {
    expect(await placed({ message: "1" }, { message: "2" })).toEqual({ note: "1", notes: {} });
    expect(await placed({ message: "1", path: ["b"] })).toEqual({ note: "1", notes: {} });
    expect(await placed({ message: "1", path: [Symbol("s"), "__proto__"] })).toEqual({
      note: "1",
      notes: {},
    });
  });
});

test("what a schema is given: values of the fields' types", async () => {
  const Given = form([number("count"), checkbox("yes"), file("picture")], {
    validators: [
      z.object({ count: z.number().nullable(), yes: z.boolean(), picture: z.instanceof(Upload).nullable() }),
    ],
  });
  expect(await Given.from({ count: 5, yes: true })).toMatchObject({
    valid: true,
    d: { count: 5, yes: true, picture: null },
  });
});

test("validators of the form before a schema stop it", async () => {
  let calls = 0;
  const Stopped = form([textbox("a")], {
    validators: [
      validator("stop", ({ a }) => a === "go"),
      schema(() => {
        calls++;
        return { value: { done: true } };
      }),
    ],
  });
  expect([(await Stopped.from({ a: "" })).note, calls]).toEqual(["stop", 0]);
  expect([(await Stopped.from({ a: "go" })).d, calls]).toEqual([{ done: true }, 1]);
});

test("a schema that fails by throwing is no fault of the client", async () => {
  const Broken = form([
    textbox(
      "a",
      schema(() => {
        throw new Error("broken");
      }),
    ),
  ]);
  await expect(Broken.from({ a: "" })).rejects.toThrow("broken");
});
