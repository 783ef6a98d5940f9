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
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""]) => source);

/** Imports as they are written in the page, by package name, lead to the sources. */
function sourceOf(specifier: string): string {
  const name = specifier
    .replace(/^postern$/, "index")
    .replace(/^postern\/sessions\//, "framework/sessions/stores/")
    .replace(/^postern\//, "framework/");
  return join(root, "lib", `${name}.ts`);
}

test("there are examples", () => {
  expect(examples).toHaveLength(2);
});

test.each(examples.map((source, index) => [index + 1, source] as const))(
  "example %d counts the visits of a client",
  async (number, source) => {
    const path = join(folder.path, `example-${number}.ts`);
    const imported = source.replace(/ from "(postern[^"]*)"/g, (_from, specifier: string) => {
      return ` from ${JSON.stringify(sourceOf(specifier))}`;
    });
    writeFileSync(path, imported);
    const { app } = (await import(/* @vite-ignore */ path)) as { app: Application };
    const first = await call(validate(app), "/");
    expect(first).toMatchObject({ status: 200, errors: "" });
    expect(first.text).toContain("1");
    const cookie = /^session=[^;]+/.exec(first.header("Set-Cookie") ?? "")?.[0] ?? "";
    const second = await call(validate(app), "/", { headers: { Cookie: cookie } });
    expect(second.text).toBe(first.text.replace("1", "2"));
  },
);
