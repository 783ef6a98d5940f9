import { describe, expect, test } from "vitest";
import * as forms from "../../../lib/framework/forms.ts";

const {
  button,
  checkbox,
  color,
  datalist,
  date,
  dropdown,
  email,
  file,
  form,
  groupedDropdown,
  hidden,
  input,
  list,
  number,
  password,
  radio,
  range,
  search,
  telephone,
  textarea,
  textbox,
  time,
  url,
} = forms;

/** The markup of a field that nothing was typed into. */
function rendered(field: Parameters<typeof form>[0][number]): string {
  return form([field])().inputs.map(String).join();
}

// The markup of web.py's doctests (web/form.py 0.62), in which there is no place for a password or a file to come back.
describe("what web.py renders", () => {
  test.each<[string, Parameters<typeof form>[0][number]]>([
    ['<input id="foo" name="foo" type="text" value="bar"/>', textbox("foo", { value: "bar" })],
    ['<input id="foo" name="foo" type="text" value="0"/>', textbox("foo", { value: 0 })],
    ['<input id="x" name="x" type="text"/>', textbox("x")],
    ['<input id="password" name="password" type="password"/>', password("password", { value: "secret" })],
    ['<textarea id="foo" name="foo">bar</textarea>', textarea("foo", { value: "bar" })],
    [
      '<select id="foo" name="foo">\n  <option value="a">a</option>\n  <option selected="selected" value="b">b</option>\n  <option value="c">c</option>\n</select>\n',
      dropdown("foo", ["a", "b", "c"], { value: "b" }),
    ],
    [
      '<select id="foo" name="foo">\n  <option value="a">aa</option>\n  <option selected="selected" value="b">bb</option>\n</select>\n',
      dropdown(
        "foo",
        [
          ["a", "aa"],
          ["b", "bb"],
        ],
        { value: "b" },
      ),
    ],
    [
      '<select id="car_type" name="car_type">\n  <optgroup label="Swedish Cars">\n    <option value="v">Volvo</option>\n    <option value="Saab">Saab</option>\n  </optgroup>\n  <optgroup label="German Cars">\n    <option selected="selected" value="a">Audi</option>\n  </optgroup>\n</select>\n',
      groupedDropdown(
        "car_type",
        [
          ["Swedish Cars", [["v", "Volvo"], "Saab"]],
          ["German Cars", [["a", "Audi"]]],
        ],
        { value: "a" },
      ),
    ],
    [
      '<input checked="checked" id="foo_bar" name="foo" type="checkbox" value="bar"/>',
      checkbox("foo", { value: "bar", checked: true }),
    ],
    ['<input id="foo_bar" name="foo" type="checkbox" value="bar"/>', checkbox("foo", { value: "bar" })],
    ['<input id="foo" name="foo" type="checkbox" value="on"/>', checkbox("foo")],
    ['<button id="save" name="save">save</button>', button("save")],
    [
      '<button id="action" name="action" value="save"><b>Save Changes</b></button>',
      button("action", { value: "save", html: "<b>Save Changes</b>" }),
    ],
    [
      '<button id="submit" name="submit" type="submit">Register</button>',
      button("submit", { type: "submit", description: "Register" }),
    ],
    ['<input id="foo" name="foo" type="hidden" value="bar"/>', hidden("foo", { value: "bar" })],
    [
      '<input accept=".doc,.docx,.xml" id="f" name="f" type="file"/>',
      file("f", { accept: ".doc,.docx,.xml", maxBytes: 5 }),
    ],
    ['<input id="tel" name="tel" type="tel" value="55512345"/>', telephone("tel", { value: "55512345" })],
    [
      '<input id="email" name="email" type="email" value="me@example.org"/>',
      email("email", { value: "me@example.org" }),
    ],
    [
      '<input id="search" name="search" pattern="[a-z0-9]{2,30}" placeholder="Search..." required="required" type="search" value="Search"/>',
      search("search", {
        value: "Search",
        required: true,
        pattern: "[a-z0-9]{2,30}",
        placeholder: "Search...",
      }),
    ],
    ['<input id="url" name="url" type="url" value="url"/>', url("url", { value: "url" })],
    [
      '<input id="num" max="10" min="0" name="num" step="2" type="number" value="5"/>',
      number("num", { min: 0, max: 10, step: 2, value: 5 }),
    ],
    [
      '<input id="range" max="10" min="0" name="range" step="2" type="range" value="5"/>',
      range("range", { min: "0", max: "10", step: "2", value: "5" }),
    ],
    ['<input id="color" name="color" type="color"/>', color("color")],
    ['<input id="day" min="2030-01-01" name="day" type="date"/>', date("day", { min: "2030-01-01" })],
    ['<input id="at" name="at" type="time"/>', time("at")],
    [
      '<input id="m" name="m" type="month" value="2030-01"/>',
      input("m", { type: "month", value: "2030-01" }),
    ],
    ['<input id="p" name="p" type="password"/>', input("p", { type: "password", value: "secret" })],
    [
      '<datalist id="list"><option label="a" value="b"/><option value="c"/></datalist>',
      datalist("list", [["a", "b"], "c"]),
    ],
    [
      '<span aria-label="c" id="c" role="radiogroup"><input id="c1" name="c" type="radio" value="r"/> <label for="c1">Red</label> <input checked="checked" id="c2" name="c" type="radio" value="2"/> <label for="c2">2</label></span>',
      radio("c", [["r", "Red"], 2], { value: 2 }),
    ],
    [
      '<select id="m" multiple="multiple" name="m">\n  <option selected="selected" value="1">1</option>\n  <option value="2">2</option>\n  <option selected="selected" value="3">3</option>\n</select>\n',
      dropdown("m", [1, 2, 3], { multiple: true, value: [1, 3] }),
    ],
  ])("%s", (markup, field) => {
    expect(rendered(field)).toBe(markup);
  });

  test("class and other attributes, in the order of their names", () => {
    expect(
      rendered(
        textbox("firstname", { class_: "textEntry", size: 12, maxlength: "12", id: "nameid", hidden: false }),
      ),
    ).toBe('<input class="textEntry" id="nameid" maxlength="12" name="firstname" size="12" type="text"/>');
  });
});

describe("nothing leaves its place", () => {
  const evil = `"><script>alert('1')</script>&amp;`;
  const safe = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;";

  test.each<[string, Parameters<typeof form>[0][number]]>([
    ["textbox", textbox("x", { value: evil, placeholder: evil, description: evil, id: evil, class: evil })],
    ["textarea", textarea("x", { value: evil })],
    ["hidden", hidden("x", { value: evil })],
    ["email", email("x", { value: evil })],
    ["dropdown", dropdown("x", [[evil, evil]])],
    ["groupedDropdown", groupedDropdown("x", [[evil, [[evil, evil]]]])],
    ["radio", radio("x", [[evil, evil]], { description: evil })],
    ["checkbox", checkbox("x", { value: evil })],
    ["button", button("x", { value: evil, description: evil })],
    ["datalist", datalist("x", [[evil, evil]], { id: evil })],
  ])("of a %s", (_name, field) => {
    const { render, renderCss } = form([field])();
    for (const markup of [render(), renderCss()]) {
      expect(markup).not.toMatch(/<script|"">|'1'/);
      expect(markup).toContain(safe);
    }
  });

  test("nor a note", () => {
    const filled = form([textbox("x")])();
    filled.refuse(evil);
    filled.refuse(evil, "x");
    expect(filled.render().split(safe)).toHaveLength(3);
    expect(filled.render()).not.toContain("<script");
  });

  test("a line break that stands first stays in a text area", () => {
    const filled = form([textarea("x")])({ x: "\r\nfirst" });
    expect(String(filled.x)).toBe('<textarea id="x" name="x">\n\r\nfirst</textarea>');
  });

  test.each(["a b", "a>", "a=", '"', "a/b", "\n"])("%j is no name of an attribute", (name) => {
    expect(() => textbox("x", { [name]: "1" })).toThrow(expect.objectContaining({ code: "FIELD" }));
  });
});

// HTML, "constraint validation": what a browser would not have sent is not taken from another client either.
describe("what a field takes", () => {
  const { formMessages: words } = forms;
  type Case = [string, Parameters<typeof form>[0][number], string | string[], unknown, string?];
  test.each<Case>([
    ["text", textbox("x"), "a", "a"],
    ["no text", textbox("x"), [], ""],
    ["the last of several", textbox("x"), ["a", "b"], "b"],
    ["line breaks in one line", textbox("x"), "a\r\nb", "ab"],
    ["line breaks in several", textarea("x"), "a\r\nb", "a\r\nb"],
    ["NUL", textbox("x"), "a\0", "a\0", words.text],
    ["required", textbox("x", { required: true }), "", "", words.required],
    ["too long", textbox("x", { maxlength: 3 }), "abcd", "abcd", words.maxlength(3)],
    ["as long as may be", textarea("x", { maxlength: 3 }), "a\r\nb", "a\r\nb"],
    ["too short", textbox("x", { minlength: 3 }), "ab", "ab", words.minlength(3)],
    ["nothing is not too short", textbox("x", { minlength: 3 }), "", ""],
    ["a pattern, in part", textbox("x", { pattern: "[a-z]+" }), "ab1", "ab1", words.pattern],
    ["a pattern, whole", textbox("x", { pattern: "[a-z]+" }), "ab", "ab"],
    ["an address", email("x"), " a@b.example ", "a@b.example"],
    ["no address", email("x"), "a@", "a@", words.email],
    ["two addresses", email("x"), "a@b.example,c@d.example", "a@b.example,c@d.example", words.email],
    ["no address at all", email("x"), "", ""],
    ["a web address", url("x"), "https://example.org/?a", "https://example.org/?a"],
    ["a script", url("x"), "javascript:alert(1)", "javascript:alert(1)", words.url],
    ["a script behind spaces", url("x"), " \njavascript:alert(1)", "javascript:alert(1)", words.url],
    ["a path", url("x"), "/path", "/path", words.url],
    ["a number", number("x"), "-1.5e2", -150],
    ["zero is a value", number("x", forms.notnull), "0", 0],
    ["no number", number("x"), "12px", null, words.number],
    ["hexadecimal", number("x"), "0x10", null, words.number],
    ["infinite", number("x"), "1e999", null, words.number],
    ["an empty number", number("x"), "", null],
    ["a number that is required", number("x", { required: true }), "", null, words.required],
    ["below", number("x", { min: 5 }), "4", 4, words.min("5")],
    ["above", range("x", { max: 5 }), "6", 6, words.max("5")],
    ["between", number("x", { min: 0, max: 0 }), "0", 0],
    ["off the steps", number("x", { step: 0.1 }), "0.25", 0.25, words.step("0.1")],
    ["on the steps", number("x", { step: 0.1 }), "0.3", 0.3],
    ["steps from the least", number("x", { min: 1, step: 2 }), "3", 3],
    ["any step", number("x", { step: "any" }), "0.123", 0.123],
    ["a colour", color("x"), "#33AAff", "#33AAff"],
    ["no colour", color("x"), "red", "red", words.color],
    ["a day", date("x"), "2028-02-29", "2028-02-29"],
    ["no day", date("x"), "2027-02-29", "2027-02-29", words.date],
    [
      "a day too early",
      date("x", { min: "2030-01-01" }),
      "2029-12-31",
      "2029-12-31",
      words.min("2030-01-01"),
    ],
    ["a time", time("x"), "23:59", "23:59"],
    ["no time", time("x"), "24:00", "24:00", words.time],
    ["a choice", dropdown("x", ["a", "b"]), "b", "b"],
    ["a number to choose", dropdown("x", [1, 2]), "2", 2],
    ["no choice", dropdown("x", ["a", "b"]), "c", null, words.choice],
    ["a name that objects have", dropdown("x", ["a", "b"]), "constructor", null, words.choice],
    ["nothing chosen", radio("x", ["a", "b"]), [], null],
    ["a choice that is required", radio("x", ["a", "b"], { required: true }), [], null, words.required],
    ["an empty choice", dropdown("x", [["", "none"], "a"]), "", ""],
    [
      "an empty choice where one is required",
      dropdown("x", [["", "none"], "a"], { required: true }),
      "",
      "",
      words.required,
    ],
    ["several", dropdown("x", ["a", "b", "c"], { multiple: true }), ["a", "c"], ["a", "c"]],
    [
      "one of several that is none",
      dropdown("x", ["a", "b"], { multiple: true }),
      ["a", "z"],
      ["a"],
      words.choice,
    ],
    ["none of several", dropdown("x", ["a"], forms.notnull, { multiple: true }), [], [], words.required],
    ["a choice in a group", groupedDropdown("x", [["g", [["a", "A"]]]]), "a", "a"],
    ["a box", checkbox("x"), "on", true],
    ["a box that is not checked", checkbox("x", { checked: true }), [], false],
    ["a box that must be checked", checkbox("x", { required: true }), [], false, words.required],
    ["a button that was pressed", button("x", { value: "save" }), "save", "save"],
    ["another button", button("x"), [], null],
    ["no file", file("x"), "text", null],
    ["a file that is required", file("x", { required: true }), [], null, words.required],
  ])("%s", async (_name, field, sent, value, note) => {
    const filled = form([field])();
    await filled.validates(sent.length === 0 && Array.isArray(sent) ? {} : { x: sent });
    expect([filled.d, filled.get("x")?.note, filled.valid]).toEqual([
      { x: value },
      note ?? null,
      note === undefined,
    ]);
  });

  test("in other words", async () => {
    const Own = form([textbox("x", { required: true, maxlength: 2 })], {
      messages: { required: "Pflichtfeld", maxlength: (most) => `Höchstens ${most} Zeichen` },
    });
    expect((await Own.from({})).get("x")?.note).toBe("Pflichtfeld");
    expect((await Own.from({ x: "abc" })).get("x")?.note).toBe("Höchstens 2 Zeichen");
  });
});

describe("a declaration that cannot be", () => {
  test.each<[string, () => unknown]>([
    ["a name with a reserved word", () => textbox("a.__proto__.b")],
    ["another", () => textbox("constructor")],
    ["an empty name", () => textbox("")],
    ["an empty part", () => textbox("a..b")],
    ["an index that is none", () => textbox("a[b]")],
    ["an open bracket", () => textbox("a[0")],
    ["a control character", () => textbox("a\nb")],
    ["a pattern that is none", () => textbox("a", { pattern: "(" })],
    ["options in the middle", () => textbox("a", { size: 1 }, forms.notnull)],
    ["a test without its message", () => textbox("a", ((text: string) => text) as never)],
    ["a type of another function", () => input("a", { type: "file" })],
    ["a name twice", () => form([textbox("a"), textbox("a")])],
    ["a name in the place of another", () => form([textbox("a"), textbox("a.b")])],
    ["the other way round", () => form([textbox("a.b"), textbox("a")])],
    ["a list in the place of an object", () => form([textbox("a[0]"), textbox("a.b")])],
    ["a list in the place of a field", () => form([textbox("a[0].b"), list("a", [textbox("b")])])],
  ])("%s", (_name, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: "FIELD", name: "ApplicationError" }));
  });
});
