// The examples of docs/testing.md: each is a module of its own that throws where it is wrong.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/testing.md"), "utf8");
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""]) => source);

/** Where the module of a name of the package is. */
const modules: Readonly<Record<string, string>> = {
  postern: "index.ts",
  "postern/client/fcgi": "clients/fcgi.ts",
  "postern/server": "server.ts",
  "postern/testing": "testing/index.ts",
};

const moduleOf = (name: string) => join(root, "lib", modules[name] ?? name);

test("the examples of docs/testing.md run", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  expect(examples.length).toBe(5);
  for (const [index, source] of examples.entries()) {
    const path = join(folder.path, `example-${index}.ts`);
    writeFileSync(
      path,
      source.replace(/ from "(postern.*?)"/g, (_all, name) => ` from ${JSON.stringify(moduleOf(name))}`),
    );
    await import(/* @vite-ignore */ path);
  }
});
