// The cases of the mustache specification, as its own files have them, from texts and from files.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mustache from "mustache";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { template, templates } from "../../lib/index.ts";
import { temporaryFolder } from "../support/folder.ts";

interface Case {
  readonly name: string;
  readonly desc: string;
  readonly data: unknown;
  readonly template: string;
  readonly partials?: Readonly<Record<string, string>>;
  readonly expected: string;
}

const core = ["comments", "delimiters", "interpolation", "inverted", "partials", "sections"];
const counts: readonly (readonly [module: string, files: readonly string[], count: number])[] = [
  ["core", core, 136],
  ["~inheritance", ["~inheritance"], 27],
  ["~dynamic-names", ["~dynamic-names"], 21],
  ["~lambdas", ["~lambdas"], 10],
];

/** What a lambda returns for a variable is a value, not a template: data that it returns cannot ask for other data. */
const notParsed = ["Interpolation - Expansion", "Interpolation - Alternate Delimiters"];

const folder = temporaryFolder();
afterAll(() => folder.remove());

function casesOf(file: string): readonly Case[] {
  const path = join(import.meta.dirname, "templates/spec", `${file}.json`);
  const { tests } = JSON.parse(readFileSync(path, "utf8")) as { tests: readonly Case[] };
  return tests.map((one) => ({ ...one, data: withFunctions(one.data) }));
}

/** JSON has no functions: the specification writes them as code in several languages. */
function withFunctions(data: unknown): unknown {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return data;
  const entries = Object.entries(data).map(([name, value]) => [
    name,
    value?.__tag__ === "code" ? new Function(`return ${value.js}`)() : value,
  ]);
  return Object.fromEntries(entries);
}

describe.each(counts)("%s", (_module, files, count) => {
  const cases = files.flatMap((file) => casesOf(file).map((one, index) => ({ ...one, file, index })));

  test(`has ${count} cases`, () => {
    expect(cases).toHaveLength(count);
  });

  const held = cases.filter(({ name }) => !notParsed.includes(name));
  test.each(held)("$file: $name: $desc", async ({ template: text, partials = {}, data, expected }) => {
    const render = template(text, { partials, missingPartials: "empty" });
    expect((await render(data)).text).toBe(expected);
  });

  test("from files", async () => {
    for (const { file, index, template: text, partials = {}, data, expected, name } of held) {
      // A function that counts its calls has been called.
      if (name === "Interpolation - Multiple Calls") continue;
      const path = join(folder.path, `${file}-${index}`);
      mkdirSync(path);
      writeFileSync(join(path, "main.html"), text);
      for (const [partial, content] of Object.entries(partials)) {
        writeFileSync(join(path, `${partial}.html`), content);
      }
      const render = templates(path, { missingPartials: "empty" });
      expect((await render("main", data as object)).text, name).toBe(expected);
    }
  });

  test("from what an earlier process has kept", async () => {
    const parse = vi.spyOn(mustache.Writer.prototype, "parse");
    onTestFinished(() => parse.mockRestore());
    for (const { template: text, partials = {}, expected, name, file, index } of held) {
      // A function that counts its calls has been called.
      if (name === "Interpolation - Multiple Calls") continue;
      const kept = new Map<string, string>();
      for (const isFirst of [true, false]) {
        const data = casesOf(file)[index]?.data;
        parse.mockClear();
        const shown = await withKept(
          kept,
          async () => `${await template(text, { partials, missingPartials: "empty" })(data)}`,
        );
        expect(shown, name).toBe(expected);
        // What functions made is parsed each time.
        if (file !== "~lambdas") expect(parse.mock.calls.length > 0, name).toBe(isFirst);
      }
    }
  });
});

/** Renders in a process that takes over what others have kept, as it is told in JSON. */
async function withKept<Result>(kept: Map<string, string>, render: () => Promise<Result>): Promise<Result> {
  const key = Symbol.for("postern.kept");
  const values = {
    get: (name: string) => JSON.parse(kept.get(name) ?? "null") ?? undefined,
    set: (name: string, value: unknown) => kept.set(name, JSON.stringify(value)),
  };
  Object.assign(globalThis, { [key]: () => values });
  try {
    return await render();
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
}

test("mistakes in what was kept are told with their lines", async () => {
  const text = "{{! the first line }}\n<p>\n  {{#list}}{{wrong}}{{/list}}\n</p>";
  const kept = new Map<string, string>();
  const places: unknown[] = [];
  for (let time = 0; time < 2; time++) {
    const wrong = withKept(kept, async () => template(text, { missingValues: "error" })({ list: [{}] }));
    await wrong.catch(({ code, message }) => places.push([code, message]));
  }
  expect(places[0]).toEqual(["TEMPLATE_VALUE", expect.stringMatching(/:3\b/)]);
  expect(places[1]).toEqual(places[0]);
});

test("what a function returns for a variable is shown as it is", async () => {
  const render = template("{{lambda}}");
  expect(`${await render({ planet: "world", lambda: () => "{{planet}}" })}`).toBe("{{planet}}");
});

describe.each([
  ["{{", "}}", "", 4, 1_514],
  ["|", "|", "{{=| |=}}", 3, 234],
  ["<%", "%>", "{{=<% %>=}}\n", 3, 234],
])("tags in %s and %s, and what is around them in their lines", (open, close, first, length, count) => {
  const tags = ["v", "#s", "/s", "!c"].map((tag) => `${open}${tag}${close}`);
  const pieces = [...tags, "\n", " \t", "{ a<", "b\u00a0\r\n"];
  const view = { v: "V", s: [{}, {}] };

  test("are what the package mustache makes of them", async () => {
    let good = 0;
    for (let number = 0; number < pieces.length ** length; number++) {
      const some = Array.from({ length }, (_, at) => pieces[(number >> (3 * at)) & 7]).join("");
      const text = `${first}${tags[0]}${some}${tags[1]} x ${tags[2]}`;
      const expected = renderedByPackage(text, view);
      const shown = await template(text)(view).then(String, ({ code }) => code);
      if (shown !== expected) expect.fail(`${JSON.stringify(text)} is ${shown} and not ${expected}`);
      if (expected !== "TEMPLATE_SYNTAX") good++;
    }
    // The others close a section that is not open, or leave one open.
    expect(good).toBe(count);
  });
});

function renderedByPackage(text: string, view: unknown): string {
  try {
    return new mustache.Writer().render(text, view as never);
  } catch {
    return "TEMPLATE_SYNTAX";
  }
}
