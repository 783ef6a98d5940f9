// What the compiler knows of a form. `tsc -p test/tsconfig.json` is the test; each line that must not compile is marked.

import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  button,
  checkbox,
  datalist,
  dropdown,
  file,
  form,
  groupedDropdown,
  hidden,
  list,
  notnull,
  number,
  radio,
  regexp,
  textarea,
  textbox,
  validator,
} from "../../../lib/framework/forms.ts";
import type { Upload, Web } from "../../../lib/index.ts";

const Everything = form([
  textbox("text"),
  textarea("long", notnull, { rows: 3 }),
  hidden("secret"),
  number("some"),
  number("one", notnull, { min: 1 }),
  checkbox("yes"),
  dropdown("size", ["s", "l"]),
  dropdown("sure", ["s", "l"], notnull),
  dropdown("many", ["s", "l"], { multiple: true }),
  dropdown("pair", [
    [1, "one"],
    [2, "two"],
  ]),
  groupedDropdown("car", [
    ["Swedish", ["Volvo", "Saab"]],
    ["German", [["a", "Audi"]]],
  ]),
  radio("colour", ["red", "blue"]),
  file("picture"),
  file("needed", notnull, { required: true }),
  file("pictures", { multiple: true }),
  datalist("cities", ["Bern"]),
  button("send"),
  textbox("age", z.coerce.number()),
  textbox(
    "tags",
    notnull,
    z.string().transform((text) => text.split(",")),
  ),
]);

test("form.d has a type for each field", () => {
  const check = async (web: Web) => {
    const filled = await Everything.from(web);
    if (!filled.valid) {
      expectTypeOf(filled.d.one).toEqualTypeOf<number | null>();
      expectTypeOf(filled.d.age).toEqualTypeOf<string>();
      return;
    }
    const { d } = filled;
    expectTypeOf(d.text).toEqualTypeOf<string>();
    expectTypeOf(d.long).toEqualTypeOf<string>();
    expectTypeOf(d.secret).toEqualTypeOf<string>();
    expectTypeOf(d.some).toEqualTypeOf<number | null>();
    expectTypeOf(d.one).toEqualTypeOf<number>();
    expectTypeOf(d.yes).toEqualTypeOf<boolean>();
    expectTypeOf(d.size).toEqualTypeOf<"s" | "l" | null>();
    expectTypeOf(d.sure).toEqualTypeOf<"s" | "l">();
    expectTypeOf(d.many).toEqualTypeOf<("s" | "l")[]>();
    expectTypeOf(d.pair).toEqualTypeOf<1 | 2 | null>();
    expectTypeOf(d.car).toEqualTypeOf<"Volvo" | "Saab" | "a" | null>();
    expectTypeOf(d.colour).toEqualTypeOf<"red" | "blue" | null>();
    expectTypeOf(d.picture).toEqualTypeOf<Upload | null>();
    expectTypeOf(d.needed).toEqualTypeOf<Upload>();
    expectTypeOf(d.pictures).toEqualTypeOf<Upload[]>();
    expectTypeOf(d.send).toEqualTypeOf<string | null>();
    expectTypeOf(d.age).toEqualTypeOf<number>();
    expectTypeOf(d.tags).toEqualTypeOf<string[]>();
    // @ts-expect-error it has no value
    d.cities;
    // @ts-expect-error no field of this form
    d.other;
  };
  expect(check).toBeTypeOf("function");
});

test("nested names and lists make nested values", () => {
  const Order = form([
    textbox("address.city", notnull),
    number("address.zip"),
    textbox("lines[0].name"),
    list("items", [textbox("name"), number("count", notnull)]),
  ]);
  const check = async (web: Web) => {
    const order = await Order.from(web);
    if (!order.valid) return;
    expectTypeOf(order.d.address.city).toEqualTypeOf<string>();
    expectTypeOf(order.d.address.zip).toEqualTypeOf<number | null>();
    expectTypeOf(order.d.lines[0]?.name).toEqualTypeOf<string | undefined>();
    expectTypeOf(order.d.items).toEqualTypeOf<{ name: string; count: number }[]>();
    expectTypeOf(order.fields.address.city.note).toEqualTypeOf<string | null>();
    expectTypeOf(order.address.zip.value).toEqualTypeOf<number | null>();
    expectTypeOf(order.items.rows[0]?.count.value).toEqualTypeOf<number | null | undefined>();
  };
  expect(check).toBeTypeOf("function");
});

test("validators get the value of their field, or those of their form", () => {
  form(
    [
      textbox(
        "name",
        validator("", (text) => expectTypeOf(text).toEqualTypeOf<string>()),
      ),
      number(
        "age",
        notnull,
        validator("", (age: number | null) => age !== null && age > 5),
      ),
      checkbox(
        "yes",
        validator("", (yes) => expectTypeOf(yes).toEqualTypeOf<boolean>()),
      ),
      dropdown(
        "size",
        ["s", "l"],
        validator("", (size: "s" | "l" | null) => size === "s"),
      ),
      textbox("code", regexp(/\d+/, "Must be a digit")),
    ],
    {
      validators: [
        validator("", (values) => {
          expectTypeOf(values.name).toEqualTypeOf<string>();
          expectTypeOf(values.age).toEqualTypeOf<number>();
          return values.name === values.code;
        }),
      ],
    },
  );
  textbox(
    "name",
    // @ts-expect-error the value is text
    validator("", (age: number) => age > 5),
  );
  // @ts-expect-error no such field
  form([textbox("a")], { validators: [validator("", (values) => values.b)] });
});

test("a schema of the form decides what form.d is", () => {
  const Signup = form([textbox("name"), textbox("age")], {
    validators: [z.object({ name: z.string(), age: z.coerce.number() })],
  });
  const check = async (web: Web) => {
    const filled = await Signup.from(web);
    if (filled.valid) expectTypeOf(filled.d).toEqualTypeOf<{ name: string; age: number }>();
    else expectTypeOf(filled.d).toEqualTypeOf<{ name: string; age: string }>();
    expectTypeOf(Signup().valid).toEqualTypeOf<boolean>();
    expectTypeOf(Signup().name.value).toEqualTypeOf<string>();
  };
  expect(check).toBeTypeOf("function");
});
