// Mistakes in what is to be served, each with the sentence that a person gets.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, root, Stand } from "../support/postern.ts";

async function serve(files: Readonly<Record<string, string>>, module: string, ...options: string[]) {
  const stand = await Stand.make();
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(join(stand.folder, name, ".."), { recursive: true });
    writeFileSync(join(stand.folder, name), source);
  }
  const child = stand.start(process.execPath, [cli, "serve", module, ...options], { cwd: stand.folder });
  const status = await child.ended;
  return { status, said: child.output.replaceAll(stand.folder, "HERE") };
}

const expected =
  "what application(urls) returns, a gateway application, (environ, startResponse) => body, or an application of Express, Koa, Fastify or Hono";

describe("a module that exports nothing that serves", () => {
  test.each([
    ["", "nothing"],
    ["export const x = 1, y = 2;", "only x, y"],
    ["export const app = 7;", "a number as app"],
    ["export const app = null;", "null as app"],
    ["export default class Site {}", "the class Site as default"],
    ["export default [];", "an array as default"],
  ])("%j", async (source, what) => {
    const sentence = `app.mjs exports no application (it exports ${what}): export ${expected}, as app or as the default.\n`;
    expect(await serve({ "app.mjs": source }, "app.mjs")).toEqual({ status: 1, said: sentence });
  });
});

test.each([
  "export const handler = async (event, context) => ({ statusCode: 200 });",
  "export const handler = async event => ({ statusCode: 200 });",
])("a handler of AWS Lambda is told from an application: %j", async (source) => {
  const { status, said } = await serve({ "app.mjs": source }, "app.mjs");
  expect(said).toMatch(
    /^app\.mjs exports no application \(it exports a handler of events.* as handler, .*--shape.*\n$/,
  );
  expect(status).toBe(1);
});

test.each([
  [
    "ap.mjs",
    "There is no file HERE/ap.mjs: name the module that exports the application; did you mean app.mjs?\n",
  ],
  ["app", "There is no file HERE/app: name the module that exports the application; did you mean app.mjs?\n"],
  [".", "HERE is a folder: name the module in it that exports the application.\n"],
  ["no/app.mjs", "There is no file HERE/no/app.mjs: name the module that exports the application.\n"],
])("module %s is not found", async (module, sentence) => {
  const files = { "app.mjs": "export default () => [];", "app.d.ts": "" };
  expect(await serve(files, module)).toEqual({ status: 1, said: sentence });
});

describe("what a module imports and is not there", () => {
  test.each([
    [
      "a package",
      'import "left-padd";',
      "HERE/app.mjs imports the package left-padd, which is not installed: run npm install left-padd.",
    ],
    [
      "a file of a package with a scope",
      'import "@fastify/no-such/part.js";',
      "HERE/app.mjs imports the package @fastify/no-such, which is not installed: run npm install @fastify/no-such.",
    ],
    [
      "a package that a module on the way requires",
      'import "./lib/db.cjs";',
      "HERE/lib/db.cjs imports the package no-such-db, which is not installed: run npm install no-such-db.",
    ],
    ["a file", 'import "./lib/dc.js";', "HERE/app.mjs imports HERE/lib/dc.js, and there is no such file."],
    [
      "a file without its ending",
      'import "./lib/words";',
      "HERE/app.mjs imports HERE/lib/words, and there is no such file; did you mean ./lib/words.js? (import needs the whole name).",
    ],
  ])("%s", async (_name, source, sentence) => {
    const files = {
      "app.mjs": `${source} export default () => [];`,
      "lib/db.cjs": 'require("no-such-db");',
      "lib/words.js": "",
    };
    expect(await serve(files, "app.mjs")).toEqual({ status: 1, said: `${sentence}\n` });
  });

  test("a CommonJS module's package", async () => {
    const files = { "app.cjs": 'const express = require("no-such-express"); module.exports = express();' };
    const sentence =
      "HERE/app.cjs imports the package no-such-express, which is not installed: run npm install no-such-express.\n";
    expect(await serve(files, "app.cjs")).toEqual({ status: 1, said: sentence });
  });
});

const typescriptFeature = (process.features as { typescript?: unknown }).typescript;

describe.skipIf(Boolean(typescriptFeature))("TypeScript where Node cannot run it", () => {
  test.each([
    [{}, "build it first, such as with npx tsc, and name the built file"],
    [{ "app.js": "" }, "serve app.js, which was built from it"],
    [{ "dist/app.js": "" }, "serve dist/app.js, which was built from it"],
  ])("beside %j", async (files, advice) => {
    const sentence = `Node ${process.versions.node} cannot run app.ts, which is TypeScript: ${advice}; with --dev it is compiled while it is loaded.\n`;
    const all = { ...files, "app.ts": "export const app = () => [];" };
    expect(await serve(all, "app.ts")).toEqual({ status: 1, said: sentence });
  });

  test("get says which compiler to install where the project has none", async () => {
    const stand = await Stand.make();
    stand.module("app.ts", "export const app = () => [];");
    const child = stand.start(process.execPath, [cli, "get", "app.ts"], { cwd: stand.folder });
    expect(await child.ended).toBe(1);
    expect(child.output).toBe(
      `app.ts is TypeScript, and this project has no compiler for Node ${process.versions.node}: run npm install --save-dev esbuild.\n`,
    );
  });
});

describe.each(["esbuild", "typescript"])("with %s, get runs TypeScript", (compiler) => {
  async function get(source: string) {
    const stand = await Stand.make();
    mkdirSync(join(stand.folder, "node_modules"));
    symlinkSync(join(root, "node_modules", compiler), join(stand.folder, "node_modules", compiler));
    stand.module("app.ts", source);
    stand.module("words.ts", "export type Word = string;\nexport enum Words { hello = 'Hello' }\n");
    const child = stand.start(process.execPath, [cli, "get", "app.ts"], { cwd: stand.folder });
    const status = await child.ended;
    return { status, out: child.stdout, err: child.stderr.replaceAll(stand.folder, "HERE") };
  }

  test.each(["./words.ts", "./words.js"])("that imports %s", async (specifier) => {
    const source = `
      import { type Word, Words } from "${specifier}";
      const hello: Word = Words.hello;
      export const app = (_: unknown, start: Function): string[] => (start("200 OK", []), [hello]);
    `;
    expect(await get(source)).toEqual({ status: 0, out: "Hello", err: "" });
  });

  test("with the lines of the source in a trace", async () => {
    const { err } = await get(
      "interface A {\n  a: string;\n}\nexport const app = (a: A): string[] => {\n  throw new Error(`no`);\n};",
    );
    expect(err).toContain("HERE/app.ts:5:9");
  });

  test("and a syntax error says where", async () => {
    const { status, out, err } = await get("const a: number = 1;\nexport const app = (;\n");
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toMatch(/HERE\/app\.ts:2\nexport const app = \(;\n +\^\n\nSyntaxError: /);
  });
});

test("a syntax error of a module is shown with file, line and the place in it", async () => {
  const { status, said } = await serve(
    { "app.mjs": "import './part.mjs';\n", "part.mjs": "export const a = 1;\nexport const b = (;\n" },
    "app.mjs",
  );
  expect(status).toBe(1);
  expect(said).toMatch(
    /^file:\/\/HERE\/part\.mjs:2\nexport const b = \(;\n {18}\^\n\nSyntaxError: Unexpected token ';'\n/,
  );
});
