// The examples of docs/sessions.md: each is a module of its own, and the application that it exports answers.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = temporaryFolder();
// A folder that an example names is made where it runs.
const before = process.cwd();
beforeAll(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(before);
  folder.remove();
});

const page = readFileSync(join(root, "docs/sessions.md"), "utf8");
const all = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""]) => source);
const examples = all.filter((source) => source.includes("export const app"));
const checks = all.filter((source) => source.includes("sessionStoreCases"));

/** Imports as they are written in the page, by package name, lead to the sources. */
function sourceOf(specifier: string): string {
  const name = specifier
    .replace(/^postern$/, "index")
    .replace(/^postern\/testing$/, "testing/index")
    .replace(/^postern\/sessions\//, "framework/sessions/stores/")
    .replace(/^postern\/sessions$/, "framework/sessions");
  return join(root, "lib", `${name}.ts`);
}

test("there are examples", () => {
  expect([examples.length, checks.length, all.length]).toEqual([2, 1, 3]);
});

/** The module that an example is, where it can be imported. */
function write(name: string, source: string): string {
  const path = join(folder.path, name);
  const imported = source.replace(/ from "(postern[^"]*)"/g, (_from, specifier: string) => {
    return ` from ${JSON.stringify(sourceOf(specifier))}`;
  });
  writeFileSync(path, imported);
  return path;
}

test("the cases of stores run as the page says", async () => {
  await import(/* @vite-ignore */ write("checks.ts", checks[0] ?? ""));
});

test.each(examples.map((source, index) => [index + 1, source] as const))(
  "example %d counts the visits of a client",
  async (number, source) => {
    const path = write(`example-${number}.ts`, source);
    const { app } = (await import(/* @vite-ignore */ path)) as { app: Application };
    const first = await call(validate(app), "/");
    expect(first).toMatchObject({ status: 200, errors: "" });
    expect(first.text).toContain("1");
    const cookie = /^session=[^;]+/.exec(first.header("Set-Cookie") ?? "")?.[0] ?? "";
    const second = await call(validate(app), "/", { headers: { Cookie: cookie } });
    expect(second.text).toBe(first.text.replace("1", "2"));
  },
);
