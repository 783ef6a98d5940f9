// The examples of docs/framework.md: each is a module of its own that throws where it is wrong.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/framework.md"), "utf8");
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""]) => source);

const folder = temporaryFolder();
// Files that an example names are made and looked for where it runs.
const before = process.cwd();
beforeAll(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(before);
  folder.remove();
});

function sourceOf(specifier: string): string {
  return join(root, "lib", specifier === "postern" ? "index.ts" : `${specifier.replace("postern/", "")}.ts`);
}

test("there are examples, and each checks something", () => {
  expect(examples.length).toBeGreaterThan(5);
  for (const example of examples) expect(example).toContain("assert.");
});

test.each(examples.map((source, index) => [index + 1, source] as const))(
  "example %d",
  async (number, source) => {
    const path = join(folder.path, `example-${number}.ts`);
    const written = source.replace(
      / from "(postern[^"]*)"/g,
      (_from, specifier: string) => ` from ${JSON.stringify(sourceOf(specifier))}`,
    );
    writeFileSync(path, written);
    await import(/* @vite-ignore */ path);
  },
);
