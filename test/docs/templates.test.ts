// The examples of docs/templates.md. Files are those of the page; an example is followed by what its application answers.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = temporaryFolder();
afterAll(() => folder.remove());

const page = readFileSync(join(root, "docs/templates.md"), "utf8");
const blocks = [...page.matchAll(/^```(\w+)(?: ([^\n]+))?\n(.*?)^```$/gms)].map(
  ([, language = "", what = "", text = ""]) => ({ language, what, text }),
);
const examples = blocks.flatMap(({ language, what, text }, index) =>
  language === "ts" && what === "" ? [{ source: text, output: blocks[index + 1] }] : [],
);

beforeAll(() => {
  for (const { what, text } of blocks) {
    const [, file] = /^file=(.+)$/.exec(what) ?? [];
    if (file === undefined) continue;
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    writeFileSync(join(folder.path, file), text);
  }
});

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(7);
});

test.each(examples.map((example, index) => ({ ...example, number: index + 1 })))(
  "example $number gives what the page says",
  async ({ source, output, number }) => {
    const path = join(folder.path, `example-${number}.ts`);
    const packages = {
      postern: pathToFileURL(join(root, "lib/index.ts")).href,
      eta: import.meta.resolve("eta"),
    };
    writeFileSync(
      path,
      source.replace(
        / from "(postern|eta)"/g,
        (_from, name: keyof typeof packages) => ` from "${packages[name]}"`,
      ),
    );
    const { app } = (await import(/* @vite-ignore */ path)) as { app: Application };
    const response = await call(validate(app), "/");
    expect(response).toMatchObject({ status: 200, errors: "" });
    expect(output?.what).toBe("output");
    expect(response.text.trimEnd()).toBe(output?.text.trimEnd());
  },
);
