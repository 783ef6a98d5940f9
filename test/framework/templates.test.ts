import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  application,
  type RenderOptions,
  seeOther,
  type TemplateError,
  type TextOptions,
  template,
  templates,
  view,
} from "../../lib/index.ts";
import { ask } from "./ask.ts";

let folder = "";
const write = async (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-templates-"));
});
afterEach(() => rm(folder, { recursive: true }));

const evil = `<a href="x">'&`;

describe("render()", () => {
  test.each<[string, string, string, string]>([
    ["page.html", "page", "text/html; charset=utf-8", "&lt;a href&#x3D;&quot;x&quot;&gt;&#39;&amp;"],
    ["page.mustache", "page", "text/html; charset=utf-8", "&lt;a href&#x3D;&quot;x&quot;&gt;&#39;&amp;"],
    ["page.xml", "page", "application/xml; charset=utf-8", "&lt;a href&#x3D;&quot;x&quot;&gt;&#39;&amp;"],
    [
      "page.xhtml",
      "page",
      "application/xhtml+xml; charset=utf-8",
      "&lt;a href&#x3D;&quot;x&quot;&gt;&#39;&amp;",
    ],
    ["page.txt", "page", "text/plain; charset=utf-8", evil],
    ["page.txt", "page.txt", "text/plain; charset=utf-8", evil],
    ["page.txt.mustache", "page.txt", "text/plain; charset=utf-8", evil],
    [
      "admin/users/list.html",
      "admin/users/list",
      "text/html; charset=utf-8",
      "&lt;a href&#x3D;&quot;x&quot;&gt;&#39;&amp;",
    ],
  ])("%s as %s is %s and escaped to match", async (file, name, type, expected) => {
    await write({ [file]: "{{evil}}|{{{evil}}}" });
    const result = await templates(folder)(name, { evil });
    expect([result.type, `${result}`]).toEqual([type, `${expected}|${evil}`]);
  });

  test("as a handler's result", async () => {
    await write({ "page.txt": "Hello, {{name}}!" });
    const render = templates(pathToFileURL(`${folder}/`));
    const app = application([
      ["/", () => render("page", { name: "World" })],
      [
        "/typed",
        (web) => {
          web.header("Content-Type", "model/x");
          return render("page");
        },
      ],
    ]);
    const response = await ask(app, "/");
    expect([response.text, response.header("Content-Type")]).toEqual([
      "Hello, World!",
      "text/plain; charset=utf-8",
    ]);
    expect((await ask(app, "/typed")).header("Content-Type")).toBe("model/x");
  });

  test("partials come from the folder, nested, indented as they stand", async () => {
    await write({
      "page.html": "<ul>\n  {{#list}}\n  {{> rows/row}}\n  {{/list}}\n</ul>\n",
      "rows/row.html": "<li>\n{{> name}}\n</li>\n",
      "name.html": "{{.}}",
    });
    expect(`${await templates(folder)("page", { list: ["a", "<b>"] })}`).toBe(
      "<ul>\n  <li>\n  a  </li>\n  <li>\n  &lt;b&gt;  </li>\n</ul>\n",
    );
  });

  test("a layout gets the page as body, and sees its view", async () => {
    await write({
      "layout.html": "<title>{{title}}{{^title}}untitled{{/title}}</title>{{{body}}}",
      "plain.html": "[{{{body}}}]",
      "page.html": "<p>{{text}}</p>",
      "mail.txt": "{{text}}",
    });
    const render = templates(folder, { layout: "layout" });
    const view = { title: "T&", text: "a<b" };
    expect(`${await render("page", view)}`).toBe("<title>T&amp;</title><p>a&lt;b</p>");
    expect(`${await render("page", { text: "" })}`).toBe("<title>untitled</title><p></p>");
    expect(`${await render("page", view, { layout: false })}`).toBe("<p>a&lt;b</p>");
    expect(`${await render("page", view, { layout: "plain" })}`).toBe("[<p>a&lt;b</p>]");
    expect(`${await render("mail", view)}`, "a layout is for pages of its type").toBe("a<b");
  });

  test("a page sets values for its layout by inheritance (mustache specification)", async () => {
    await write({
      "layout.html": "<title>{{$title}}Site{{/title}}</title>{{$body}}{{{body}}}{{/body}}",
      "shop.html": "{{<layout}}{{$title}}Shop{{$part}}{{/part}}{{/title}}{{/layout}}",
      "page.html":
        "{{<layout}}\n{{$title}}{{name}}{{/title}} passed over {{$body}}<p>{{name}}</p>{{/body}}\n{{/layout}}\n",
      "item.html": "{{<shop}}{{$part}}: {{name}}{{/part}}{{$body}}{{#upper}}i{{/upper}}{{/body}}{{/shop}}",
      "plain.html": "<p>plain</p>",
      "both.html": "{{<shop}}{{/shop}}|{{<shop}}{{$title}}two{{/title}}{{/shop}}",
    });
    const render = templates(folder, {
      layout: "layout",
      globals: { upper: () => (text: string) => text.toUpperCase() },
    });
    const view = { name: "a&b", title: "not a block", body: "not a block" };
    expect(`${await render("page", view)}`).toBe("<title>a&amp;b</title><p>a&amp;b</p>");
    expect(`${await render("item", view)}`).toBe("<title>Shop: a&amp;b</title>I");
    expect(`${await render("plain", view)}`).toBe("<title>Site</title><p>plain</p>");
    expect(`${await render("both", {})}`).toBe("<title>Shop</title>|<title>two</title>");
  });

  test("globals, lambdas and functions of the view", async () => {
    await write({ "page.html": "{{site}} {{#upper}}x{{name}}{{/upper}} {{now}} {{count}}" });
    const render = templates(folder, {
      globals: {
        site: "S",
        count: 1,
        upper: () => (text: string, run: (text: string) => string) => run(text).toUpperCase(),
      },
    });
    const view = {
      name: "n",
      count: 0,
      now() {
        return `now ${this.name}`;
      },
    };
    expect(`${await render("page", view)}`).toBe("S XN now n 0");
  });

  test("a byte order mark is dropped; line ends of Windows are line ends, and stay", async () => {
    await write({
      "page.html": "\uFEFFa\r\n{{#x}}\r\nb\r\n{{/x}}\r\n  {{> row}}\r\n",
      "row.html": "c\r\nd\r\n",
    });
    expect(`${await templates(folder)("page", { x: true })}`).toBe("a\r\nb\r\n  c\r\n  d\r\n");
  });

  test("of several folders the first that has a file wins", async () => {
    await write({ "own/a.html": "own a", "base/a.html": "base a", "base/b.html": "base b" });
    const render = templates([join(folder, "own"), join(folder, "base")]);
    expect([`${await render("a")}`, `${await render("b")}`]).toEqual(["own a", "base b"]);
  });

  test("a file is read once, or again when it has changed", async () => {
    await write({ "page.html": "one" });
    const cached = templates(folder);
    const fresh = templates(folder, { cache: false });
    expect([`${await cached("page")}`, `${await fresh("page")}`]).toEqual(["one", "one"]);
    await write({ "page.html": "two" });
    await utimes(join(folder, "page.html"), 1, 1);
    expect([`${await cached("page")}`, `${await fresh("page")}`]).toEqual(["one", "two"]);
    await rm(join(folder, "page.html"));
    await expect(fresh("page")).rejects.toMatchObject({ code: "TEMPLATE_MISSING" });
    await write({ "page.txt": "three" });
    expect(`${await fresh("page")}`).toBe("three");
  });

  test("a change in a partial or parent is noticed as well", async () => {
    await write({
      "page.html": "{{<frame}}{{$a}}{{> row}}{{/a}}{{/frame}}",
      "row.html": "r",
      "frame.html": "{{$a}}{{/a}}1",
    });
    const fresh = templates(folder, { cache: false });
    expect([`${await fresh("page")}`, `${await fresh("page#a")}`]).toEqual(["r1", "r"]);
    await write({ "row.html": "rr", "frame.html": "{{$a}}{{/a}}, two{{$b}}!{{/b}}" });
    expect([`${await fresh("page")}`, `${await fresh("page#b")}`]).toEqual(["rr, two!", "!"]);
  });
});

describe("values", () => {
  const shown = async (text: string, view: unknown, options: TextOptions = {}) =>
    `${await template(text, { type: ".txt", ...options })(view)}`;

  class Guest {
    readonly #name: string;
    constructor(name: string) {
      this.#name = name;
    }
    get name() {
      return this.#name;
    }
    greeting() {
      return `Hello, ${this.#name}!`;
    }
  }

  test("an instance's getters and methods are found, and run on it", async () => {
    const guest = new Guest("Ann");
    expect(
      await shown(
        "{{name}} {{greeting}} {{#list}}{{greeting}}{{/list}}",
        Object.assign(guest, { list: [1] }),
      ),
    ).toBe("Ann Hello, Ann! Hello, Ann!");
    expect(await shown("{{guest.greeting}} {{#guest}}{{greeting}}{{/guest}}", { guest })).toBe(
      "Hello, Ann! Hello, Ann!",
    );
  });

  test("a function that is a property runs on the innermost view", async () => {
    const view = {
      full() {
        return `${(this as unknown as { first: string }).first}!`;
      },
      list: [{ first: "a" }, { first: "b" }],
    };
    expect(await shown("{{#list}}{{full}}{{/list}}", view)).toBe("a!b!");
  });

  test.each<[string, unknown, string]>([
    ["{{a}}{{b}}{{c.d}}{{e.f}}", { a: null, b: undefined, e: null }, ""],
    ["{{a}} {{b}} {{c}} {{d}}", { a: 0, b: false, c: 10n, d: Number.NaN }, "0 false 10 NaN"],
    ["{{list}} {{list.length}} {{list.1}} {{text.length}}", { list: ["x", "y"], text: "abc" }, "x,y 2 y 3"],
    ["{{#list}}[{{.}}]{{/list}}", { list: [null, undefined, 0, ""] }, "[][][0][]"],
    [
      "{{constructor}}{{toString}}{{__proto__}}{{a.constructor}}{{#hasOwnProperty}}x{{/hasOwnProperty}}",
      { a: {} },
      "",
    ],
    ["{{toString}} {{constructor}}", { toString: "mine", constructor: () => "mine too" }, "mine mine too"],
    ["{{a}}", Object.assign(Object.create(null), { a: 1 }), "1"],
    ["{{a}}", new Map([["a", 1]]), ""],
    ["{{#a}}{{.}}{{/a}}{{^b}}none{{/b}}{{^c}}none{{/c}}", { a: "text", b: 0, c: "" }, "textnonenone"],
  ])("%s with %o", async (text, view, expected) => {
    expect(await shown(text, view)).toBe(expected);
  });

  test("option missingValues makes a variable that nothing has an error; a section may ask for anything", async () => {
    const options = { missingValues: "error" } as const;
    await expect(shown("a\n{{name}}", {}, options)).rejects.toMatchObject({
      code: "TEMPLATE_VALUE",
      line: 2,
      reason: 'nothing has the name "name"',
    });
    await expect(shown("{{user.name}}", { user: {} }, options)).rejects.toMatchObject({
      code: "TEMPLATE_VALUE",
    });
    expect(await shown("{{name}}{{#a}}{{/a}}{{^b}}-{{/b}}", { name: null }, options)).toBe("-");
  });

  test("a promise is an error, not [object Promise]", async () => {
    await expect(shown("{{late}}", { late: Promise.resolve(1) })).rejects.toMatchObject({
      code: "TEMPLATE_VALUE",
      reason: '"late" is a promise: await it before it is shown',
    });
  });

  test.each([
    ["a section's", "{{#late}}shown to everybody{{/late}}", { late: async () => false }, "late"],
    ["an inverted section's", "{{^late}}none{{/late}}", { late: async () => [] }, "late"],
    ["one with a part", "{{late.name}}", { late: async () => ({ name: "Ada" }) }, "late.name"],
    ["one in a list", "{{#list}}{{name}}{{/list}}", { list: [Promise.resolve({ name: "Ada" })] }, "list"],
    ["that of a lambda", "{{#late}}text{{/late}}", { late: async (text: string) => text }, "late"],
    ["that of mustache.js's", "{{#late}}text{{/late}}", { late: () => async (text: string) => text }, "late"],
    ["one that fails", "{{#late}}text{{/late}}", { late: () => Promise.reject(new Error("no")) }, "late"],
  ])("a promise is an error wherever it is: %s", async (_where, text, view, name) => {
    await expect(shown(text, view)).rejects.toMatchObject({
      code: "TEMPLATE_VALUE",
      reason: `"${name}" is a promise: await it before it is shown`,
    });
  });
});

describe("where a loop stands", () => {
  const shown = async (text: string, view: unknown) => `${await template(text)(view)}`;
  const letters = { list: ["a", "b", "c"] };

  // web.py's loop: http://webpy.org/docs/0.3/templetor
  test.each([
    ["{{@index}}", "123"],
    ["{{@index0}}", "012"],
    ["{{#@first}}{{.}}{{/@first}}", "a"],
    ["{{.}}{{^@last}}, {{/@last}}", "a, b, c"],
    ["{{@parity}} ", "odd even odd "],
    ["{{#@odd}}{{.}}{{/@odd}}{{#@even}}-{{/@even}}", "a-c"],
    ["{{@length}}", "333"],
    ["{{@revindex}}{{@revindex0}} ", "32 21 10 "],
  ])("%s", async (text, expected) => {
    expect(await shown(`{{#list}}${text}{{/list}}`, letters)).toBe(expected);
  });

  test("in a loop in a loop, in sections and partials", async () => {
    const view = { rows: [{ cells: ["a", "b"] }, { cells: ["c"] }] };
    const text =
      "{{#rows}}{{#cells}}{{@parent.index}}.{{@index}}{{^@parent.last}};{{/@parent.last}} {{/cells}}{{/rows}}";
    expect(await shown(text, view)).toBe("1.1; 1.2; 2.1 ");
    const list = { list: [{ deep: { x: 1 } }, { deep: { x: 2 } }] };
    expect(await shown("{{#list}}{{#deep}}{{@index}}{{x}}{{/deep}}{{/list}}", list)).toBe("1122");
    const render = template("{{#list}}{{> row}}{{/list}}", { partials: { row: "{{@index}}{{.}}" } });
    expect(`${await render(letters)}`).toBe("1a2b3c");
  });

  test("the view's own names come first, and outside of loops there is nothing", async () => {
    expect(await shown("{{@index}}{{@parent.index}}", {})).toBe("");
    expect(
      await shown("{{#list}}{{@index}} {{index}}{{/list}}", { list: [{ index: 7, "@index": "own" }] }),
    ).toBe("own 7");
    expect(await shown("{{@user}}", { "@user": "ann" })).toBe("ann");
  });
});

describe("a block by its name", () => {
  test("is rendered alone, from the page, its parents and its partials, and has no layout", async () => {
    await write({
      "layout.html": "<title>{{$title}}Site{{/title}}</title><main>{{$main}}{{{body}}}{{/main}}</main>",
      "page.html":
        "{{<layout}}\n{{$main}}\n  <ul>\n  {{#guests}}\n    {{$guest}}<li>{{.}}</li>{{/guest}}\n  {{/guests}}\n  </ul>\n  {{> more}}\n{{/main}}\n{{/layout}}",
      "shop.html": "{{<layout}}{{$title}}Shop{{$part}}{{/part}}{{/title}}{{/layout}}",
      "item.html": "{{<shop}}{{$part}}: {{name}}{{/part}}{{/shop}}",
      "more.html": "{{$count}}{{guests.length}}{{/count}}",
      "plain.html": "<p>{{$list}}{{#guests}}{{.}}{{/guests}}{{/list}}</p>",
    });
    const render = templates(folder, { layout: "layout" });
    const view = { guests: ["a", "<b>"], name: "n" };
    const text = async (name: string, options?: RenderOptions) => (await render(name, view, options)).text;
    expect(await text("plain#list")).toBe("a&lt;b&gt;");
    expect(await text("plain#list", { layout: "layout" })).toBe("<title>Site</title><main>a&lt;b&gt;</main>");
    expect(await text("page#main")).toBe("<ul>\n  <li>a</li>\n  <li>&lt;b&gt;</li>\n</ul>\n2");
    expect(await text("page#title")).toBe("Site");
    expect(await text("page#count")).toBe("2");
    expect(await text("item#title")).toBe("Shop: n");
    expect(await text("item#part")).toBe(": n");
    expect((await render("plain#list")).type).toBe("text/html; charset=utf-8");
  });

  test("that is not there is an error which lists those that are", async () => {
    await write({ "page.html": "{{$a}}{{$b}}{{/b}}{{/a}}{{#c}}{{$d}}{{/d}}{{/c}}", "none.html": "" });
    const render = templates(folder);
    await expect(render("page#x")).rejects.toMatchObject({
      code: "TEMPLATE_BLOCK",
      message: 'template "page" has no block "x": it has the blocks a, b, d',
    });
    await expect(render("none#x")).rejects.toThrow('template "none" has no block "x": it has no blocks');
    await expect(render("../x#y")).rejects.toMatchObject({ code: "TEMPLATE_NAME" });
  });
});

describe("types of files", () => {
  test("JSON is escaped for the inside of its strings", async () => {
    await write({
      "data.json":
        '{"name":"{{name}}","list":[{{#list}}{{.}}{{^@last}},{{/@last}}{{/list}}],"raw":{{{raw}}}}',
    });
    const name = 'a"b\\c\nd\u0001</script>';
    const result = await templates(folder)("data", { name, list: [1, 2], raw: JSON.stringify({ x: [] }) });
    expect(result.type).toBe("application/json");
    expect(JSON.parse(result.text)).toEqual({ name, list: [1, 2], raw: { x: [] } });
  });

  test("option types: further ones, other escaping, and the page decides for its partials", async () => {
    await write({
      "icon.svg": "<text>{{text}}</text>",
      "rows.csv.mustache": "{{#rows}}{{> cell}};{{/rows}}",
      "cell.html": "{{.}}",
      "page.html": "{{text}}",
    });
    const render = templates(folder, {
      types: {
        ".svg": { type: "image/svg+xml", escape: "xml" },
        ".csv": { type: "text/csv", escape: (text) => `"${text.replaceAll('"', '""')}"` },
        ".html": { type: "text/html", escape: "none" },
      },
    });
    const icon = await render("icon", { text: "a<b" });
    expect([icon.type, icon.text]).toEqual(["image/svg+xml", "<text>a&lt;b</text>"]);
    const rows = await render("rows.csv", { rows: ['a"b', "<"] });
    expect([rows.type, rows.text]).toEqual(["text/csv", '"a""b";"<";']);
    expect((await render("page", { text: "<" })).text).toBe("<");
  });

  // A template engine of one line, of the shape of the usual ones.
  const tiny = (text: string) => (view: Readonly<Record<string, unknown>>) =>
    text.replace(/<%= it\.(\w+) %>/g, (_tag, name: string) => String(view[name]));

  test("another engine renders files of its extension, and mustache its layout", async () => {
    await write({
      "layout.html": "<b>{{title}}</b>{{{body}}}",
      "page.tiny": "<i><%= it.title %> <%= it.site %></i>",
      "use.html": "{{> page}}",
    });
    const render = templates(folder, {
      layout: "layout",
      globals: { site: "S" },
      types: { ".tiny": { type: "text/html; charset=utf-8", compile: tiny } },
    });
    expect((await render("page", { title: "T" })).text).toBe("<b>T</b><i>T S</i>");
    await expect(render("use")).rejects.toMatchObject({ code: "TEMPLATE_ENGINE", line: 1 });
    await expect(render("page#x")).rejects.toMatchObject({ code: "TEMPLATE_BLOCK" });
    expect(await render.check().catch((error: unknown) => (error as TemplateError).code)).toBe(
      "TEMPLATE_ENGINE",
    );
  });

  test("it may take its time, compiles a file once, and knows its path", async () => {
    await write({ "page.tiny": "x" });
    const compiled: string[] = [];
    const compile = (_text: string, path: string) => {
      compiled.push(path);
      return async (view: Readonly<Record<string, unknown>>) => `late ${view["name"]}`;
    };
    const render = templates(folder, { types: { ".tiny": { type: "text/plain", compile } } });
    expect([`${await render("page", { name: 1 })}`, `${await render("page", { name: 2 })}`]).toEqual([
      "late 1",
      "late 2",
    ]);
    expect(compiled).toEqual([join(folder, "page.tiny")]);
  });
});

describe("template()", () => {
  test("renders a text", async () => {
    const hello = template("Hello, {{name}}!", { type: ".txt", globals: { name: "World" } });
    const result = await hello();
    expect([result.text, result.type]).toEqual(["Hello, World!", "text/plain; charset=utf-8"]);
    expect(`${await hello({ name: "<b>" })}`).toBe("Hello, <b>!");
    expect(`${await template("{{.}}")("<b>")}`).toBe("&lt;b&gt;");
    const custom = template("{{a}}", { type: { type: "text/x", escape: (text) => text.toUpperCase() } });
    expect(await custom({ a: "a" })).toMatchObject({ type: "text/x", text: "A" });
  });

  test("with partials and parents", async () => {
    const partials = { row: "({{.}})", frame: "[{{$a}}{{/a}}]" };
    const page = template("{{<frame}}{{$a}}{{#list}}{{> row}}{{/list}}{{/a}}{{/frame}}", { partials });
    expect(`${await page({ list: [1, 2] })}`).toBe("[(1)(2)]");
    await expect(template("a\n{{> b}}")({})).rejects.toMatchObject({
      code: "TEMPLATE_MISSING",
      message: '(text):2: there is no partial "b": option partials has none\n  1 | a\n> 2 | {{> b}}',
    });
    await expect(template("", { type: ".doc" })({})).rejects.toMatchObject({ code: "TEMPLATE_TYPE" });
  });
});

test("view() renders what a handler returns, unless that is an answer of its own", async () => {
  await write({ "hello.html": "Hello, {{name}}!" });
  const render = templates(folder);
  const app = application([
    ["/hello/(.*)", view(render, "hello", (_web, name) => ({ name }))],
    ["/late", view(render, "hello", async () => ({ name: "late" }))],
    ["/text", view(render, "hello", () => "text")],
    ["/away", view(render, "hello", () => seeOther("/"))],
  ]);
  expect((await ask(app, "/hello/World")).text).toBe("Hello, World!");
  expect((await ask(app, "/late")).text).toBe("Hello, late!");
  expect((await ask(app, "/text")).text).toBe("text");
  expect((await ask(app, "/away")).status).toBe(303);
});

describe("lambdas", () => {
  const shown = async (text: string, view: unknown, options: TextOptions = {}) =>
    `${await template(text, options)(view)}`;
  const loud = () => (text: string, render: (text: string) => string) => render(text).toUpperCase();

  test("get the section's text as it is written, with inheritance and with other delimiters", async () => {
    const texts: string[] = [];
    const keep = () => (text: string, render: (text: string) => string) => {
      texts.push(text);
      return render(text);
    };
    expect(await shown("{{#keep}}{{$a}}{{b}}{{/a}}{{/keep}}", { keep, b: "<" })).toBe("&lt;");
    expect(await shown("{{=| |=}}|#keep|{{b}}|b||/keep|", { keep, b: "x" })).toBe("{{b}}x");
    expect(texts).toEqual(["{{$a}}{{b}}{{/a}}", "{{b}}|b|"]);
  });

  test("what they return is shown as it is; nothing is nothing", async () => {
    expect(await shown("{{#a}}x{{/a}}", { a: () => () => "{{b}}<i>", b: 1 })).toBe("{{b}}<i>");
    expect(await shown("[{{#a}}x{{/a}}]", { a: () => () => undefined })).toBe("[]");
    expect(await shown("{{#loud}}{{> p}}{{/loud}}", { loud }, { partials: { p: "p" } })).toBe("P");
  });

  test("a function of one parameter gets the text too; what is no text is the section's value", async () => {
    expect(await shown("{{#list}}{{.}}{{/list}}", { list: (text: string) => [text.length, 2] })).toBe("52");
    expect(await shown("{{#is}}yes{{/is}}", { is: (text: string) => text === "no" })).toBe("");
  });

  test("any number of texts does not fill the memory", async () => {
    let count = 0;
    const many = () => (_text: string, render: (text: string) => string) => render(`${count++} {{x}}`);
    const render = template("{{#many}}{{/many}}");
    for (let i = 0; i < 250; i++) expect(`${await render({ many, x: "x" })}`).toBe(`${i} x`);
  });
});

describe("white space of inheritance", () => {
  const shown = async (text: string, parent: string) =>
    `${await template(text, { partials: { parent } })({})}`;
  const filled = (content: string) => `{{<parent}}{{$b}}${content}{{/b}}{{/parent}}`;

  // The rules are those of the specification's document on white space.
  test.each([
    [
      "a line that is only a parent goes with its line end",
      "a\n {{<parent}}{{/parent}}\nb\n",
      "x\n",
      "a\n x\nb\n",
    ],
    [
      "so does one with blocks in it",
      "a\n{{<parent}}{{$b}}y{{/b}}{{/parent}}\nb\n",
      "{{$b}}{{/b}}\n",
      "a\ny\nb\n",
    ],
    ["text before a parent keeps both", "a {{<parent}}{{/parent}}\nb", "x", "a x\nb"],
    ["text behind a parent keeps both", " {{<parent}}{{/parent}} a\nb", "x\ny", " x\ny a\nb"],
    ["a block in the middle of a line", filled("1\n2"), "a {{$b}}{{/b}} c\n", "a 1\n2 c\n"],
    ["a block at the end of a line", filled("1\n2\n"), "a {{$b}}\n x\n{{/b}}\nc\n", "a 1\n2\nc\n"],
    ["its default", "{{<parent}}{{/parent}}", "a {{$b}}\n x\n{{/b}}\nc\n", "a \n x\nc\n"],
    ["a block that begins a line", filled("1"), "  {{$b}}\n  x {{/b}} c\n", "1 c\n"],
    [
      "a default with an indentation of its own",
      "{{<parent}}{{/parent}}",
      " {{$b}}\n   x\n     y\n {{/b}}\n",
      "   x\n     y\n",
    ],
    [
      "text between that is indented more",
      filled("\n  1\n    2\n\n  3\n"),
      "{{$b}}\n\t-\n{{/b}}\n",
      "\t1\n\t  2\n\n\t3\n",
    ],
    [
      "a section's lines in a block are not shown",
      filled("\n  {{^x}}\n  1\n  {{/x}}\n"),
      " {{$b}}{{/b}}\n",
      " 1\n\n",
    ],
    ["lines of Windows", filled("\r\n  1\r\n  2\r\n"), "a\r\n {{$b}}\r\n {{/b}}\r\nc", "a\r\n 1\r\n 2\r\nc"],
  ])("%s", async (_name, text, parent, expected) => {
    expect(await shown(text, parent)).toBe(expected);
  });

  test("an indented parent indents what fills its blocks", async () => {
    expect(await shown(`<x>\n  ${filled("\n1\n2\n")}\n</x>\n`, "<y>\n  {{$b}}\n  {{/b}}\n</y>\n")).toBe(
      "<x>\n  <y>\n    1\n    2\n  </y>\n</x>\n",
    );
  });

  test("names and delimiters", async () => {
    const view = { which: "parent", b: "!" };
    const render = (text: string) => template(text, { partials: { parent: "[{{$ b }}{{/b}}]" } })(view);
    expect(`${await render("{{< *which }}{{$b}}x{{/ b }}{{/ *which }}")}`).toBe("[x]");
    expect(`${await render("{{=<% %>=}}<%<parent%><%$b%>{{b}}<%b%><%/b%><%/parent%>")}`).toBe("[{{b}}!]");
    expect(`${await render("{{<parent}}{{$b}}{{=| |=}}{{b}}|b||={{ }}=|{{b}}{{/b}}{{/parent}}{{b}}")}`).toBe(
      "[{{b}}!!]!",
    );
    expect(
      `${await render("{{<parent}}{{#b}}{{$b}}no{{/b}}{{/b}}{{<x}}{{$b}}no{{/b}}{{/x}}{{/parent}}")}`,
    ).toBe("[]");
  });
});

describe("errors", () => {
  test("a missing template names the folder and the files that were tried", async () => {
    await write({
      "page.html": "\n{{> nowhere}}",
      "child.html": "{{<nowhere}}{{/nowhere}}",
      "which.html": "{{>*name}}",
    });
    const render = templates(folder);
    const names = ["html", "mustache", "xhtml", "xml", "txt", "json"].map(
      (extension) => `nowhere.${extension}`,
    );
    const reason = `there is no template "nowhere": tried ${names.join(", ")} in ${folder}`;
    await expect(render("nowhere")).rejects.toMatchObject({ code: "TEMPLATE_MISSING", message: reason });
    for (const [name, line] of [
      ["page", 2],
      ["child", 1],
      ["which", 1],
    ] as const) {
      await expect(render(name, { name: "nowhere" })).rejects.toMatchObject({
        code: "TEMPLATE_MISSING",
        path: join(folder, `${name}.html`),
        line,
        reason,
      });
    }
    await expect(templates([folder, "/other"])("x")).rejects.toThrow(`${folder} and /other`);
    await expect(templates(folder, { layout: "frame" })("page")).rejects.toThrow("frame");
    const lenient = templates(folder, { missingPartials: "empty" });
    expect(
      await Promise.all(["page", "child", "which"].map(async (name) => `${await lenient(name)}`)),
    ).toEqual(["\n", "", ""]);
    await expect(lenient("nowhere")).rejects.toMatchObject({ code: "TEMPLATE_MISSING" });
  });

  const tricks = [
    "../page",
    "a/../page",
    "..",
    "/etc/passwd",
    "C:/page",
    "a//b",
    "",
    ".hidden",
    "a/.b",
    "a\\b",
    "a\0b",
    "./page",
    "a/",
    "%2e%2e/page",
    "..%2fpage",
    "\uFF0E\uFF0E/page",
    "file:page",
    "page\n",
  ];
  test.each(tricks)("%j is no name", async (name) => {
    await write({ "inner/which.html": "{{>*name}}", "page.html": "secret" });
    const render = templates(join(folder, "inner"));
    await expect(render(name)).rejects.toMatchObject({ code: "TEMPLATE_NAME" });
    if (name === "") return;
    await expect(render("which", { name })).rejects.toMatchObject({ code: "TEMPLATE_NAME", line: 1 });
  });

  test.each(["page.html/x", `${"x".repeat(300)}`, `${"x/".repeat(3000)}x`, "folder"])(
    "%.20s… is not there",
    async (name) => {
      await write({ "page.html": "", "folder/x.html": "" });
      await mkdir(join(folder, "folder.html"));
      await expect(templates(folder)(name)).rejects.toMatchObject({ code: "TEMPLATE_MISSING" });
    },
  );

  test("links that leave the folder are refused, others are not", async () => {
    await write({
      "outside.html": "secret",
      "inner/page.html": "{{> link}}",
      "inner/real.html": "inside",
      "elsewhere/x.html": "secret",
    });
    const inner = join(folder, "inner");
    await symlink(join(inner, "real.html"), join(inner, "link.html"));
    await symlink(join(folder, "outside.html"), join(inner, "out.html"));
    await symlink(join(folder, "elsewhere"), join(inner, "elsewhere"));
    await symlink(inner, join(folder, "alias"));
    const render = templates(inner);
    expect(`${await render("page")}`).toBe("inside");
    expect(`${await templates(join(folder, "alias"))("page")}`, "the folder itself may be one").toBe(
      "inside",
    );
    for (const name of ["out", "elsewhere/x"]) {
      await expect(render(name)).rejects.toMatchObject({ code: "TEMPLATE_NAME" });
    }
  });

  test.each([
    ["a section without end", "a\nb\n{{#open}}\nc\n", 3, 'Unclosed section "open"'],
    ["an end without a section", "a\n{{/open}}", 2, 'Unopened section "open"'],
    ["sections that overlap", "{{#a}}\n{{#b}}\n{{/a}}\n{{/b}}", 2, 'Unclosed section "b"'],
    ["a tag without end", "a\n\n{{name", 3, "Unclosed tag"],
    ["a triple tag without end", "a\n{{{name}}", 2, "Unclosed tag"],
    ["a block without end", "{{<layout}}\n{{$title}}\n{{/layout}}", 2, 'Unclosed block "title"'],
    ["a parent without end", "\n{{<layout}}\n{{$title}}{{/title}}", 2, 'Unclosed parent "layout"'],
    [
      "a block that is there twice",
      "{{<row}}\n{{$a}}1{{/a}}\n{{$a}}2{{/a}}{{/row}}",
      3,
      'Block "a" is there twice',
    ],
    ["one delimiter", "a\n{{=a=}}", 2, "Two delimiters are needed: {{=<% %>=}}"],
    [
      "delimiters that a block leaves",
      "{{$a}}\n{{=| |=}}\n|/a|",
      3,
      'The delimiters are not those that "a" began with',
    ],
    ["in a partial", "{{> row}}", 2, "Unclosed tag"],
  ])("%s is shown with file and line", async (_name, text, line, reason) => {
    await write({ "page.html": text, "row.html": "\n{{x" });
    const path = join(folder, text.startsWith("{{> row") ? "row.html" : "page.html");
    const render = templates(folder);
    await expect(render("page")).rejects.toMatchObject({ code: "TEMPLATE_SYNTAX", path, line, reason });
    await expect(render.check()).rejects.toMatchObject({ code: "TEMPLATE_SYNTAX", path, line });
  });

  test("an excerpt shows the lines around, none of them without end", async () => {
    const lines = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
    lines[8] = `{{name ${"x".repeat(1000)}`;
    await write({ "page.html": lines.join("\r\n") });
    const error: TemplateError = await templates(folder)("page").catch((thrown) => thrown);
    expect(error.excerpt).toBe(
      [
        "   7 | line 7",
        "   8 | line 8",
        `>  9 | {{name ${"x".repeat(113)}…`,
        "  10 | line 10",
        "  11 | line 11",
      ].join("\n"),
    );
    expect(error.message).toBe(`${join(folder, "page.html")}:9: Unclosed tag\n${error.excerpt}`);
  });

  test.each([
    ["a function", "\n{{fail}}", 2, '"fail" failed: broken'],
    ["a getter", "\n\n{{#list}}\n{{bad.getter}}{{/list}}", 4, '"bad.getter" failed: broken'],
    ["a lambda", "{{#lambda}}\n{{x}}\n{{/lambda}}", 1, '"lambda" failed: broken'],
    ["what has no text", "{{x}}\n{{bare}}", 2, '"bare" failed: Cannot convert object to primitive value'],
    ["in a partial", "{{x}}\n{{> row}}", 2, '"fail" failed: broken'],
    ["in a block", "{{<frame}}\n{{$b}}\n\n  {{fail}}\n{{/b}}{{/frame}}", 4, '"fail" failed: broken'],
    ["in a text of a lambda", "\n{{#run}}\n{{fail}}{{/run}}", 3, '"fail" failed: broken'],
  ])("%s that fails is shown with template and line", async (name, text, line, reason) => {
    await write({ "page.html": text, "row.html": "\n{{fail}}", "frame.html": "\n\n\n\n\n\n{{$b}}{{/b}}" });
    const broken = new Error("broken");
    const fail = () => {
      throw broken;
    };
    const view = {
      fail,
      list: [1],
      bad: Object.defineProperty({}, "getter", { get: fail }),
      lambda: () => (text: string, render: (text: string) => string) => {
        render(text);
        return fail();
      },
      run: () => (text: string, render: (text: string) => string) => render(text),
      bare: Object.create(null) as object,
      x: 1,
    };
    const path = join(folder, name === "in a partial" ? "row.html" : "page.html");
    const error: TemplateError = await templates(folder)("page", view).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "TEMPLATE_VALUE", path, line, reason });
    if (name !== "what has no text") expect(error.cause).toBe(broken);
  });

  test("a response that a function throws is the answer", async () => {
    await write({ "page.html": "{{#guard}}{{/guard}}" });
    const render = templates(folder);
    const guard = () => {
      throw seeOther("/login");
    };
    expect((await ask(application([["/", () => render("page", { guard })]]), "/")).status).toBe(303);
  });

  test.each([
    ["a partial", { "page.html": "\n{{> page}}" }],
    ["a parent", { "page.html": "\n{{<page}}{{/page}}" }],
    ["partials in turn", { "page.html": "\n{{> b}}", "b.html": "\n{{> page}}" }],
    [
      "a block in itself",
      { "page.html": "\n{{<b}}{{$a}}\n{{$a}}{{/a}}{{/a}}{{/b}}", "b.html": "\n{{$a}}{{/a}}" },
    ],
    ["a lambda", { "page.html": "\n{{#again}}x{{/again}}" }],
    ["a partial that is indented", { "page.html": "\n  {{> page}}\n" }],
  ])("%s without end stops at maxDepth", async (_name, files) => {
    await write(files as Record<string, string>);
    const again = () => (_text: string, render: (text: string) => string) => render("{{#again}}x{{/again}}");
    await expect(templates(folder)("page", { again })).rejects.toMatchObject({
      code: "TEMPLATE_DEPTH",
      reason: "templates are nested more than 100 deep, which is option maxDepth: does this one end?",
    });
    await expect(templates(folder, { maxDepth: 7 })("page", { again })).rejects.toThrow("more than 7 deep");
  });

  test("a tree as deep as maxDepth is rendered", async () => {
    await write({ "page.html": "{{name}}{{#child}}{{> page}}{{/child}}" });
    const chain = (levels: number): object => ({ name: "x", child: levels > 0 && chain(levels - 1) });
    expect(`${await templates(folder)("page", chain(100))}`).toBe("x".repeat(101));
    await expect(templates(folder)("page", chain(101))).rejects.toMatchObject({ code: "TEMPLATE_DEPTH" });
  });

  test("a rendering that failed leaves nothing behind for the next", async () => {
    await write({ "page.html": "{{<frame}}{{$a}}{{fail}}{{/a}}{{/frame}}", "frame.html": "{{$a}}own{{/a}}" });
    const render = templates(folder);
    const fail = () => {
      throw new Error("broken");
    };
    await expect(render("page", { fail })).rejects.toThrow("broken");
    expect(`${await render("frame")}`).toBe("own");
  });

  test("check() reads all, and finds partials that are not there", async () => {
    await write({ "a.html": "{{> b/c}}", "b/c.txt": "x", "b/.hidden.html": "{{", "notes.md": "{{" });
    const render = templates(folder);
    expect(await render.check()).toEqual(["a.html", "b/c.txt"]);
    await write({ "d.html": "{{#x}}\n{{^y}}{{> nowhere}}{{/y}}{{/x}}" });
    await expect(render.check()).rejects.toMatchObject({ code: "TEMPLATE_MISSING", line: 2 });
  });

  test("are the application's, and the client does not see the folder", async () => {
    const render = templates(folder);
    const response = await ask(application([["/", () => render("nowhere")]]), "/");
    expect([response.status, response.text]).toEqual([500, "Internal Server Error\n"]);
    expect(response.errors).toContain(folder);
  });
});
