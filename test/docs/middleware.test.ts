// The examples of docs/middleware.md: each is a module of its own, and the application that it exports answers.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = temporaryFolder();
// Files that an example names are looked for, and made, where it runs.
const before = process.cwd();
beforeAll(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(before);
  folder.remove();
});

const page = readFileSync(join(root, "docs/middleware.md"), "utf8");
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""]) => source);

/** Imports as they are written in the page, by package name, lead to the sources. */
function sourceOf(specifier: string): string {
  const name = specifier.replace(/^postern\/?/, "").replace(/^(client|bridge)\//, "$1s/");
  return join(root, "lib", name === "" ? "index.ts" : name === "gateway" ? "gateway/index.ts" : `${name}.ts`);
}

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(5);
});

test.each(examples.map((source, index) => [index + 1, source] as const))(
  "example %d runs",
  async (number, source) => {
    const path = join(folder.path, `example-${number}.ts`);
    writeFileSync(
      path,
      source.replace(
        / from "(postern[^"]*)"/g,
        (_from, specifier: string) => ` from ${JSON.stringify(sourceOf(specifier))}`,
      ),
    );
    const { app } = (await import(/* @vite-ignore */ path)) as { app?: Application };
    if (app === undefined) return;
    const response = await call(validate(app), "/");
    expect(response).toMatchObject({ cut: false, errors: "" });
    expect([200, 404]).toContain(response.status);
  },
);
