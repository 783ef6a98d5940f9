// The examples of web.py's documentation of its templates (webpy.org/docs/0.3/templetor), written for ours.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { application, template, templates } from "../../lib/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ask } from "./ask.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** A folder of its own with these templates. */
function written(files: Readonly<Record<string, string>>): string {
  const path = join(folder.path, String(Math.random()));
  mkdirSync(join(path, "admin"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test("using the template system: render = web.template.render('templates'); render.hello('world')", async () => {
  const render = templates(
    written({ "hello.html": "Hello {{name}}!", "admin/index.html": "Admin of {{name}}" }),
  );
  expect(`${await render("hello", { name: "world" })}`).toBe("Hello world!");
  // render.admin.index()
  expect(`${await render("admin/index", { name: "world" })}`).toBe("Admin of world");
});

test("one file, and a text: web.template.frender('templates/hello.html'), web.template.Template('…')", async () => {
  const render = templates(written({ "hello.html": "Hello {{name}}!" }));
  const hello = (name: string) => render("hello.html", { name });
  expect(`${await hello("world")}`).toBe("Hello world!");
  expect(`${await template("Hello {{name}}!")({ name: "world" })}`).toBe("Hello world!");
});

// What has no counterpart is Python in a template: a view is made in the handler.
test.each<[string, string, object, string]>([
  ["Look, a $string.", "Look, a {{string}}.", { string: "s" }, "Look, a s."],
  ["Cool, a $(limit)ing.", "Cool, a {{limit}}ing.", { limit: "limit" }, "Cool, a limiting."],
  ["$dictionary[key]", "{{dictionary.key}}", { dictionary: { key: "value" } }, "value"],
  ["$name, $:name", "{{name}}, {{{name}}}", { name: "<b>" }, "&lt;b&gt;, <b>"],
  ["$$: a dollar", "Can you lend me {{=<% %>=}}{{$50}}?", {}, "Can you lend me {{$50}}?"],
  ["$# a comment", "Hello {{! this is a comment }}{{name}}", { name: "web" }, "Hello web"],
  [
    "$for i in range(3): I like $i",
    "{{#range}}\nI like {{.}}\n{{/range}}\n",
    { range: [0, 1, 2] },
    "I like 0\nI like 1\nI like 2\n",
  ],
  [
    "$if times > max: …",
    "{{#stop}}Stop! In the name of love.{{/stop}}{{^stop}}Keep on.{{/stop}}",
    { stop: 5 > 3 },
    "Stop! In the name of love.",
  ],
  ["$for … $else", "{{#items}}{{.}}{{/items}}{{^items}}Nothing.{{/items}}", { items: [] }, "Nothing."],
])("%s", async (_templetor, text, view, expected) => {
  expect(`${await template(text)(view)}`).toBe(expected);
});

test("$loop: a table whose rows are odd and even", async () => {
  const text =
    '<table>\n{{#letters}}\n  <tr class="{{@parity}}">\n    <td>{{@index}}</td>\n    <td>{{.}}</td>\n  </tr>\n{{/letters}}\n</table>\n';
  const rows = [
    ["odd", 1, "a"],
    ["even", 2, "b"],
    ["odd", 3, "c"],
  ].map(
    ([parity, index, letter]) =>
      `  <tr class="${parity}">\n    <td>${index}</td>\n    <td>${letter}</td>\n  </tr>\n`,
  );
  expect(`${await template(text)({ letters: ["a", "b", "c"] })}`).toBe(`<table>\n${rows.join("")}</table>\n`);
});

test("$def: what a template calls is a partial", async () => {
  const partials = {
    tr: "<tr>{{#values}}<td>{{.}}</td>{{/values}}</tr>\n",
    hello: "Hello {{name}}{{^name}}world{{/name}}!",
  };
  const table = template("{{#rows}}\n{{> tr}}\n{{/rows}}\n{{> hello}}", { partials });
  expect(`${await table({ rows: [{ values: [1, 2] }, { values: [3] }] })}`).toBe(
    "<tr><td>1</td><td>2</td></tr>\n<tr><td>3</td></tr>\nHello world!",
  );
});

test("$code, builtins and globals: functions of all templates", async () => {
  const globals = {
    site: "webpy",
    formatdate(this: { created: Date }) {
      return this.created.toISOString().slice(0, 10);
    },
  };
  const render = templates(
    written({ "post.html": "{{site}}: {{#posts}}{{title}} ({{formatdate}}) {{/posts}}" }),
    { globals },
  );
  const posts = [{ title: "One", created: new Date(0) }];
  expect(`${await render("post", { posts })}`).toBe("webpy: One (1970-01-01) ");
});

test("base='layout': $var title and $var cssfiles are what a page sets for its layout", async () => {
  const path = written({
    "layout.html":
      "<html>\n<head>\n  <title>{{$title}}My site{{/title}}</title>\n  {{$cssfiles}}{{/cssfiles}}\n</head>\n<body>\n  {{$content}}\n  {{/content}}\n</body>\n</html>\n",
    "login.html":
      '{{<layout}}\n{{$title}}Log in{{/title}}\n{{$cssfiles}}\n<link rel="stylesheet" href="login.css">{{/cssfiles}}\n{{$content}}\n<p>Hello, {{name}}</p>\n<form></form>\n{{/content}}\n{{/layout}}\n',
  });
  const app = application([["/", () => templates(path)("login", { name: "<me>" })]]);
  const response = await ask(app, "/");
  expect(response.header("Content-Type")).toBe("text/html; charset=utf-8");
  expect(response.text).toBe(
    '<html>\n<head>\n  <title>Log in</title>\n  <link rel="stylesheet" href="login.css">\n</head>\n<body>\n  <p>Hello, &lt;me&gt;</p>\n  <form></form>\n</body>\n</html>\n',
  );
});

test("base='layout': $:content, for every page", async () => {
  const path = written({
    "layout.html": "<title>{{title}}</title>\n{{{body}}}",
    "index.html": "<h1>{{title}}</h1>",
  });
  const render = templates(path, { layout: "layout" });
  expect(`${await render("index", { title: "A & B" })}`).toBe("<title>A &amp; B</title>\n<h1>A &amp; B</h1>");
});
