import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { application, templates } from "../../lib/index.ts";
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
          web.header("Content-Type", "text/x");
          return render("page");
        },
      ],
    ]);
    const response = await ask(app, "/");
    expect([response.text, response.header("Content-Type")]).toEqual([
      "Hello, World!",
      "text/plain; charset=utf-8",
    ]);
    expect((await ask(app, "/typed")).header("Content-Type")).toBe("text/x");
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

  test("byte order marks and line ends of Windows are normalised", async () => {
    await write({ "page.html": "\uFEFFa\r\n{{#x}}\r\nb\r\n{{/x}}\r\n" });
    expect(`${await templates(folder)("page", { x: true })}`).toBe("a\nb\n");
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
  });
});

describe("errors", () => {
  test("a missing template names the folder and the files that were tried", async () => {
    await write({ "page.html": "{{> nowhere}}" });
    const render = templates(folder);
    const tried = `tried nowhere.html, nowhere.mustache, nowhere.xhtml, nowhere.xml, nowhere.txt in ${folder}`;
    for (const name of ["nowhere", "page"]) {
      await expect(render(name)).rejects.toMatchObject({
        code: "TEMPLATE_MISSING",
        message: `there is no template "nowhere": ${tried}`,
      });
    }
    await expect(templates([folder, "/other"])("x")).rejects.toThrow(`${folder} and /other`);
    await expect(templates(folder, { layout: "frame" })("page")).rejects.toThrow("nowhere");
  });

  test.each([
    "../page",
    "a/../page",
    "/etc/passwd",
    "a//b",
    "",
    ".hidden",
    "a/.b",
    "a\\b",
    "a\0b",
    "./page",
    "a/",
  ])("%j is no name", async (name) => {
    await expect(templates(folder)(name)).rejects.toMatchObject({ code: "TEMPLATE_NAME" });
  });

  test.each([
    ["a section without end", "a\nb\n{{#open}}\nc\n", 5, 'Unclosed section "open"'],
    ["an end without a section", "a\n{{/open}}", 2, 'Unopened section "open"'],
    ["a tag without end", "a\n\n{{name", 3, "Unclosed tag"],
    ["a block without end", "{{<layout}}\n{{$title}}\n{{/layout}}", 3, 'Unclosed section "$title"'],
    ["in a partial", "{{> row}}", 2, "Unclosed tag"],
  ])("%s is shown with file and line", async (_name, text, line, reason) => {
    await write({ "page.html": text, "row.html": "\n{{x" });
    const file = text.includes("row") ? "row.html" : "page.html";
    await expect(templates(folder)("page")).rejects.toMatchObject({
      code: "TEMPLATE_SYNTAX",
      message: `${join(folder, file)}:${line}: ${reason}`,
    });
  });

  test("are the application's, and the client does not see the folder", async () => {
    const render = templates(folder);
    const response = await ask(application([["/", () => render("nowhere")]]), "/");
    expect([response.status, response.text]).toEqual([500, "Internal Server Error\n"]);
    expect(response.errors).toContain(folder);
  });
});
