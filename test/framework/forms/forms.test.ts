// The examples of web.py's own documentation (webpy.org/form, cookbook/forms, cookbook/form_fields), and forms in requests.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  button,
  checkbox,
  dropdown,
  Field,
  file,
  form,
  hidden,
  list,
  notnull,
  number,
  password,
  radio,
  regexp,
  textarea,
  textbox,
  Upload,
  validator,
} from "../../../lib/framework/forms.ts";
import { application, badRequest, seeOther, templates, type Web } from "../../../lib/index.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { ask } from "../ask.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const render = templates(folder.path);
beforeAll(() => {
  mkdirSync(folder.path, { recursive: true });
  const pages = {
    formtest:
      '<form method="post">{{^form.valid}}<p class="error">Try again, AmeriCAN:</p>{{/form.valid}}{{{form}}}</form>',
    called: "{{{form.render}}}|{{{form.renderCss}}}",
    fields:
      '{{#form.inputs}}<p>{{{label}}} {{{render}}}{{#note}} <em id="{{noteId}}">{{note}}</em>{{/note}}</p>\n{{/form.inputs}}',
    named: "{{{form.surname}}} {{form.fields.surname.description}} {{{form.fields.address.city}}}",
    rows: "{{#form.fields.items.rows}}<li>{{{name.label}}}{{{name}}}{{{count}}}</li>{{/form.fields.items.rows}}",
  };
  for (const [name, text] of Object.entries(pages))
    writeFileSync(join(folder.path, `${name}.mustache`), text);
});

describe("webpy.org/form", () => {
  test("a login form", () => {
    const Login = form([textbox("username"), password("password"), button("Login")]);
    expect(Login().render()).toBe(
      [
        "<table>",
        '    <tr><th><label for="username">username</label></th><td><input id="username" name="username" type="text"/></td></tr>',
        '    <tr><th><label for="password">password</label></th><td><input id="password" name="password" type="password"/></td></tr>',
        '    <tr><th></th><td><button id="Login" name="Login">Login</button></td></tr>',
        "</table>",
      ].join("\n"),
    );
  });

  test("input features", () => {
    const Name = form([
      textbox("firstname", notnull, {
        class_: "textEntry",
        pre: "<i>pre</i>",
        post: "<i>post</i>",
        description: "please enter your name",
        value: "bob",
        id: "nameid",
      }),
      textbox("phonenumber", { size: "12", maxlength: "12" }),
      dropdown("mydrop", [
        ["value1", "description1"],
        ["value2", "description2"],
      ]),
    ]);
    expect(Name().renderCss()).toBe(
      '<label for="nameid">please enter your name</label><i>pre</i><input class="textEntry" id="nameid" name="firstname" type="text" value="bob"/><i>post</i>\n' +
        '<label for="phonenumber">phonenumber</label><input id="phonenumber" maxlength="12" name="phonenumber" size="12" type="text"/>\n' +
        '<label for="mydrop">mydrop</label><select id="mydrop" name="mydrop">\n  <option value="value1">description1</option>\n  <option value="value2">description2</option>\n</select>\n\n',
    );
  });

  const MyForm = form([
    textbox("boe"),
    textbox(
      "bax",
      notnull,
      regexp("\\d+", "Must be a digit"),
      validator("Must be more than 5", (text) => Number.parseInt(text, 10) > 5),
    ),
    textarea("moe"),
    checkbox("curly"),
    dropdown("french", ["mustard", "fries", "wine"]),
  ]);

  class Index {
    GET() {
      return render("formtest", { form: MyForm() });
    }
    async POST(web: Web) {
      const filled = await MyForm.from(web);
      if (!filled.valid) return render("formtest", { form: filled });
      return `Grrreat success! boe: ${filled.d.boe}, bax: ${filled.get("bax")?.value}`;
    }
  }
  const app = application([["/", Index]]);

  test("the example: a fresh form", async () => {
    const { text } = await ask(app, "/");
    expect(text).toContain('<input id="bax" name="bax" type="text"/>');
    expect(text).not.toContain("Try again");
  });

  test.each([
    ["", "Required"],
    ["x1", "Must be a digit"],
    ["5", "Must be more than 5"],
  ])("the example: %j is wrong, and is shown again", async (bax, note) => {
    const data = { boe: '"typed"', bax, moe: "several\nlines", curly: "on", french: "wine" };
    const { text } = await ask(app, "/", { data });
    expect(text).toContain('<p class="error">Try again, AmeriCAN:</p>');
    expect(text).toContain(
      `<input aria-describedby="bax-note" aria-invalid="true" id="bax" name="bax" type="text" value="${bax}"/><strong class="wrong" id="bax-note">${note}</strong>`,
    );
    expect(text).toContain('value="&quot;typed&quot;"');
    expect(text).toContain(">several\nlines</textarea>");
    expect(text).toContain('<input checked="checked" id="curly" name="curly" type="checkbox" value="on"/>');
    expect(text).toContain('<option selected="selected" value="wine">');
  });

  test("the example: what is right", async () => {
    const data = { boe: "b", bax: "6" };
    expect((await ask(app, "/", { data })).text).toBe("Grrreat success! boe: b, bax: 6");
  });

  test("form.d has no more than the form's fields", async () => {
    const filled = await MyForm.from({ boe: "b", bax: "6", evil: "x", french: "fries" });
    expect(filled.d).toEqual({ boe: "b", bax: "6", moe: "", curly: false, french: "fries" });
    expect(Object.keys(filled.d)).toEqual(["boe", "bax", "moe", "curly", "french"]);
    expect(filled.value).toEqual({ boe: "b", bax: "6", moe: null, curly: null, french: "fries" });
  });
});

describe("cookbook/forms: a registration", () => {
  const vpass = regexp(".{3,20}$", "must be between 3 and 20 characters");
  const vemail = regexp(/.*@.*/, "must be a valid email address");
  const Register = form(
    [
      textbox("username", { description: "Username" }),
      textbox("email", vemail, { description: "E-Mail" }),
      password("password", vpass, { description: "Password" }),
      password("password2", { description: "Repeat password" }),
      button("submit", { type: "submit", description: "Register" }),
    ],
    { validators: [validator("Passwords did't match", (i) => i.password === i.password2)] },
  );
  const taken = new Set(["root"]);
  const app = application([
    [
      "/",
      async (web: Web) => {
        if (web.method === "GET") return render("formtest", { form: Register() });
        const filled = await Register.from(web);
        if (filled.valid && taken.has(filled.d.username)) filled.refuse("is taken", "username");
        if (!filled.valid) return render("formtest", { form: filled });
        taken.add(filled.d.username);
        return seeOther("/");
      },
    ],
  ]);
  const right = { username: "ann", email: "a@b", password: "secret", password2: "secret" };

  test("every field that is wrong says so", async () => {
    const { text } = await ask(app, "/", { data: { username: "ann", email: "a", password: "x" } });
    expect(text).toContain("must be a valid email address");
    expect(text).toContain("must be between 3 and 20 characters");
    // The form as a whole is looked at when its fields are right.
    expect(text).not.toContain("match");
  });

  test("the form's validator compares fields, and no password is sent back", async () => {
    const { text } = await ask(app, "/", { data: { ...right, password2: "Secret" } });
    expect(text).toContain('<strong class="wrong" id="form-note">Passwords did&#39;t match</strong>');
    expect(text).toContain('value="ann"');
    expect(text).not.toMatch(/secret/i);
  });

  test("what only the handler knows", async () => {
    const { text } = await ask(app, "/", { data: { ...right, username: "root" } });
    expect(text).toContain('<strong class="wrong" id="username-note">is taken</strong>');
    expect((await ask(app, "/", { data: right })).header("Location")).toBe("/");
  });

  test("two requests at once have a form each", async () => {
    const [one, two] = await Promise.all([Register.from(right), Register.from({})]);
    expect([one.valid, two.valid, one.get("email")?.note]).toEqual([true, false, null]);
    expect(Register().render()).not.toContain("wrong");
  });
});

describe("cookbook/form_fields: field by field", () => {
  const Simple = form([
    textbox("name", { description: "Name" }),
    textbox("surname", notnull, { description: "Surname" }),
    textbox("address.city"),
    hidden("valid", { value: "1" }),
  ]);

  test("fields are properties of the form", () => {
    const simple = Simple();
    expect(simple.name.render()).toBe('<input id="name" name="name" type="text"/>');
    expect(simple.surname.description).toBe("Surname");
    expect(simple.inputs.map(({ description }) => description)).toEqual([
      "Name",
      "Surname",
      "address.city",
      "valid",
    ]);
    expect(simple.get("address.city")?.id).toBe("address_city");
    expect(simple.get("nothing")).toBeUndefined();
    // What the form has itself stays.
    expect(simple.valid).toBe(true);
    expect(simple.fields.valid.name).toBe("valid");
  });

  test("in a template", async () => {
    const simple = await Simple.from({ name: "<Ann>" });
    expect(String(await render("fields", { form: simple }))).toBe(
      '<p><label for="name">Name</label> <input id="name" name="name" type="text" value="&lt;Ann&gt;"/></p>\n' +
        '<p><label for="surname">Surname</label> <input aria-describedby="surname-note" aria-invalid="true" id="surname" name="surname" type="text"/> <em id="surname-note">Required</em></p>\n' +
        '<p><label for="address_city">address.city</label> <input id="address_city" name="address.city" type="text"/></p>\n' +
        '<p> <input id="valid" name="valid" type="hidden"/></p>\n',
    );
    expect(String(await render("named", { form: simple }))).toBe(
      `${simple.surname} Surname ${simple.fields.address.city}`,
    );
    expect(String(await render("called", { form: simple }))).toBe(`${simple.render()}|${simple.renderCss()}`);
  });

  test("a hidden field takes a row that is not seen", () => {
    expect(Simple().render()).toContain(
      '<tr hidden="hidden"><th></th><td><input id="valid" name="valid" type="hidden" value="1"/></td></tr>',
    );
  });
});

describe("values", () => {
  const Person = form([
    textbox("name", { value: "nobody" }),
    textbox("address.city"),
    textbox("address.lines[0]"),
    textbox("address.lines[1]"),
    number("age"),
    checkbox("member", { checked: true }),
    radio("colour", ["red", "blue"]),
  ]);

  test("of a fresh form are those of its declaration", () => {
    expect(Person().d).toEqual({
      name: "nobody",
      address: { city: "", lines: ["", ""] },
      age: null,
      member: true,
      colour: null,
    });
  });

  test("fill() takes a row of a database, and checks nothing", () => {
    const filled = Person().fill({
      name: "Ann",
      address: { city: "Bern", lines: ["a", "b"] },
      age: 42,
      member: false,
      colour: null,
      id: 7,
    });
    expect(filled.d).toEqual({
      name: "Ann",
      address: { city: "Bern", lines: ["a", "b"] },
      age: 42,
      member: false,
      colour: null,
    });
    expect(Person({ "address.city": "Biel" }).d.address.city).toBe("Biel");
    // What is not there stays.
    expect(Person({ age: 1 }).d.name).toBe("nobody");
    expect(filled.valid).toBe(true);
  });

  test("fill() reads no property that is not the object's own", () => {
    expect(form([textbox("toString"), textbox("a.valueOf")])({ a: {} }).d).toEqual({
      toString: "",
      a: { valueOf: "" },
    });
  });

  test("objects have no prototype, and what is sent makes none", async () => {
    const app = application([["/", async (web: Web) => JSON.stringify((await Person.from(web)).d)]]);
    const data = "__proto__.x=1&address.__proto__.x=1&constructor.prototype.x=1&address.city=Bern&name=n";
    const { text } = await ask(app, "/", { data });
    expect(JSON.parse(text).address).toEqual({ city: "Bern", lines: ["", ""] });
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    const { d } = await Person.from({});
    expect([Object.getPrototypeOf(d), Object.getPrototypeOf(d.address)]).toEqual([null, null]);
  });

  test("a request's query counts for GET, and its body for all else", async () => {
    const Search = form([textbox("q", notnull), checkbox("all")]);
    const app = application([["/", async (web: Web) => JSON.stringify((await Search.from(web)).d)]]);
    expect((await ask(app, "/?q=a&all=on")).text).toBe('{"q":"a","all":true}');
    expect((await ask(app, "/?all=on&q=a", { data: { q: "b" } })).text).toBe('{"q":"b","all":false}');
  });

  test("as a result of a handler it says what is wrong, and nothing of what was sent", async () => {
    const Login = form([textbox("user", notnull), password("password")], {});
    const app = application([["/", async (web: Web) => Login.from(web)]]);
    const response = await ask(app, "/", { data: { password: "secret" } });
    expect(JSON.parse(response.text)).toEqual({ valid: false, note: null, notes: { user: "Required" } });
    const logged = inspect(await Login.from({ password: "secret" }), { depth: 9 });
    expect(logged).toContain("Required");
    expect(logged).not.toContain("secret");
  });
});

describe("validators", () => {
  test("one that throws has failed, one that throws a response ends the request", async () => {
    const parsed = form([
      textbox(
        "x",
        validator("No JSON", (text) => JSON.parse(text)),
      ),
    ]);
    expect((await parsed.from({ x: "{" })).get("x")?.note).toBe("No JSON");
    expect((await parsed.from({ x: "1" })).valid).toBe(true);
    const ended = form([
      textbox(
        "x",
        validator("", () => {
          throw badRequest();
        }),
      ),
    ]);
    await expect(ended.from({ x: "" })).rejects.toMatchObject({ status: 400 });
  });

  test("may be asynchronous, and run in a row", async () => {
    const seen: string[] = [];
    const later = (name: string, answer: boolean) =>
      validator(name, async () => {
        seen.push(name);
        return answer;
      });
    const Row = form([textbox("x", later("a", true), later("b", false), later("c", true))], {
      validators: [later("form", true)],
    });
    expect((await Row.from({ x: "" })).get("x")?.note).toBe("b");
    expect(seen).toEqual(["a", "b"]);
  });

  test.each([
    ["", true],
    [0, false],
    [false, true],
    [null, true],
    [undefined, true],
    [[], true],
    [[0], false],
    [" ", false],
  ])("notnull and %j", async (value, fails) => {
    expect(await notnull.valid(value)).toBe(!fails);
  });

  test("regexp() matches from the beginning, and forgets what it matched last", async () => {
    const digits = regexp(/\d+/g, "");
    expect([await digits.valid("1a"), await digits.valid("1a"), await digits.valid("a1")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await regexp("a|b", "").valid("xb")).toBe(false);
    expect(await regexp("\\d", "").valid(null)).toBe(false);
  });
});

describe("lists", () => {
  const Order = form([
    textbox("name"),
    list("items", [textbox("name", notnull), number("count", { min: 1 })], notnull, { rows: 2, maxRows: 3 }),
  ]);
  const app = application([
    [
      "/",
      async (web: Web) => {
        const order = await Order.from(web);
        return JSON.stringify([order.valid, order.d, order.toJSON().notes]);
      },
    ],
  ]);
  const send = async (data: Record<string, string>) => JSON.parse((await ask(app, "/", { data })).text);

  test("show empty rows at first", async () => {
    expect(Order().d.items).toEqual([
      { name: "", count: null },
      { name: "", count: null },
    ]);
    expect(String(await render("rows", { form: Order() }))).toBe(
      [0, 1]
        .map(
          (row) =>
            `<li><label for="items_${row}_name">name</label><input id="items_${row}_name" name="items[${row}].name" type="text"/><input id="items_${row}_count" min="1" name="items[${row}].count" type="number"/></li>`,
        )
        .join(""),
    );
  });

  test("take the rows in which something was typed, in their order", async () => {
    expect(
      await send({
        "items[10].name": "c",
        "items[2].name": "b",
        "items[0].name": "",
        "items[0].count": "",
        "items[2].count": "5",
        "items[x].name": "no",
        "items[1]": "no",
      }),
    ).toEqual([
      true,
      {
        name: "",
        items: [
          { name: "b", count: 5 },
          { name: "c", count: null },
        ],
      },
      {},
    ]);
  });

  test("say what is wrong in which row", async () => {
    const [valid, , notes] = await send({ "items[3].count": "0", "items[4].name": "x" });
    expect([valid, notes]).toEqual([false, { "items[0].name": "Required", "items[0].count": "At least 1" }]);
    expect(await send({})).toMatchObject([false, { items: [] }, { items: "Required" }]);
  });

  test("have an end", async () => {
    const rows = Object.fromEntries(Array.from({ length: 900 }, (_none, row) => [`items[${row}].name`, "x"]));
    const [valid, d, notes] = await send(rows);
    expect([valid, d.items.length, notes]).toEqual([false, 3, { items: "At most 3 rows" }]);
  });

  test("are filled by lists, and in the table too", () => {
    const filled = Order({ items: [{ name: "a", count: 1 }] });
    expect(filled.d.items).toEqual([{ name: "a", count: 1 }]);
    expect(filled.render()).toContain(
      '<input id="items_0_name" name="items[0].name" type="text" value="a"/>',
    );
    expect(filled.get("items[0].count")?.value).toBe(1);
  });
});

describe("uploads", () => {
  const Picture = form([
    textbox("title", notnull),
    file("picture", notnull, { maxBytes: 4 }),
    file("more", { multiple: true }),
  ]);
  const app = application([
    [
      "/",
      async (web: Web) => {
        const filled = await Picture.from(web);
        if (!filled.valid) return render("formtest", { form: filled });
        const { title, picture, more } = filled.d;
        return `${title} ${picture.filename} ${await picture.text()} ${more.map(({ size }) => size)}`;
      },
    ],
  ]);
  const upload = (text: string) => new File([text], "p.png", { type: "image/png" });

  test("are values of the form", async () => {
    const data = { title: "t", picture: upload("data"), more: [upload("1"), upload("22")] };
    expect((await ask(app, "/", { data })).text).toBe("t p.png data 1,2");
  });

  test("are not in the page when it is shown again", async () => {
    const { text } = await ask(app, "/", { data: { title: "", picture: upload("data") } });
    expect(text).toContain('<input id="picture" name="picture" type="file"/>');
    expect(text).not.toMatch(/p\.png|data/);
  });

  test.each([
    ["too long", { title: "t", picture: upload("12345") }, "A file of at most 4 bytes"],
    ["missing", { title: "t", more: upload("1") }, "Required"],
    ["no file", { title: "t", picture: "text", more: upload("1") }, "Required"],
    ["a file for text", { title: upload("t"), picture: upload("data") }, "cannot be in text"],
  ])("%s", async (_name, data, note) => {
    expect((await ask(app, "/", { data })).text).toContain(note);
  });

  test("ask for their form to be sent as multipart", () => {
    expect([Picture().enctype, form([textbox("x")])().enctype]).toEqual([
      "multipart/form-data",
      "application/x-www-form-urlencoded",
    ]);
  });

  test("in the hands of a program", async () => {
    const one = new Upload("a.png", "image/png", 1, Buffer.from("x"));
    const filled = await Picture.from({ title: "t", picture: one });
    expect(filled.valid && filled.d.picture).toBe(one);
  });
});

test("a field of one's own", async () => {
  class Stars extends Field<"stars", number, number> {
    override read({ texts }: { texts: readonly string[] }) {
      const value = texts.at(-1)?.length ?? 0;
      return value > 5 ? { value, note: "No more than five" } : { value };
    }
    override control({ name, value }: { name: string; value: unknown }) {
      return `<stars-input name="${name}" value="${value}"></stars-input>`;
    }
  }
  const Rating = form([new Stars("stars", [{ description: "Stars" }])]);
  const rated = await Rating.from({ stars: "***" });
  expect([rated.d.stars, String(rated.stars)]).toEqual([
    3,
    '<stars-input name="stars" value="3"></stars-input>',
  ]);
  expect((await Rating.from({ stars: "******" })).get("stars")?.note).toBe("No more than five");
});
