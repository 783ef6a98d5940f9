// The examples of docs/forms.md and docs/security.md: each is a module of its own, and the application that it exports
// answers.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { inputLimits } from "../../lib/framework/limits.ts";
import type { Application } from "../../lib/gateway/types.ts";
import { validate } from "../../lib/middleware/validate.ts";
import { call } from "../../lib/testing/call.ts";
import { request } from "../../lib/testing/request.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = temporaryFolder();
afterAll(() => folder.remove());

const text = (page: string) => readFileSync(join(root, "docs", page), "utf8");
const examples = ["forms.md", "security.md"].flatMap((page) =>
  [...text(page).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = ""], index) => ({
    name: `${page} ${index + 1}`,
    source,
  })),
);
const sources: Readonly<Record<string, string>> = {
  postern: join(root, "lib/index.ts"),
  "postern/forms": join(root, "lib/framework/forms.ts"),
  zod: join(root, "test/node_modules/zod/index.js"),
};

/** The application of an example. */
async function load({ name, source }: { name: string; source: string }): Promise<Application> {
  const path = join(folder.path, `${name.replaceAll(/\W/g, "-")}.ts`);
  const module = source.replace(/ from "([^"]+)"/g, (_from, specifier: string) => {
    return ` from ${JSON.stringify(sources[specifier])}`;
  });
  writeFileSync(path, module);
  const { app } = (await import(/* @vite-ignore */ path)) as { app: Application };
  return validate(app);
}

const named = (name: string) =>
  load(examples.find((example) => example.name === name) ?? { name, source: "" });

test("there are examples", () => {
  expect(examples.map(({ name }) => name.split(" ", 1)[0]).sort()).toEqual([
    ...Array(5).fill("forms.md"),
    ...Array(4).fill("security.md"),
  ]);
});

test.each(examples)("$name runs", async (example) => {
  const response = await call(await load(example), "/", { host: "localhost" });
  expect(response).toMatchObject({ cut: false, errors: "" });
  expect([200, 404, 405]).toContain(response.status);
});

test("forms.md: the registration", async () => {
  const app = await named("forms.md 1");
  const data = { username: "ann", email: "a@b", password: "12345678", again: "1234567" };
  expect((await request(app, "/", { data })).text).toContain(">The passwords differ</strong>");
  expect((await request(app, "/", { data: { ...data, again: "12345678" } })).header("Location")).toBe("/");
});

test("forms.md: schemas and lists say what the comments say", async () => {
  const [age] = JSON.parse((await call(await named("forms.md 2"), "/")).text);
  expect(age).toEqual({ valid: false, note: null, notes: { age: "Too young" } });
  expect((await call(await named("forms.md 3"), "/")).text).toBe(
    '{"valid":false,"note":null,"notes":{"items[1].name":"Required"}}',
  );
});

test("forms.md: the upload", async () => {
  const data = { title: "t", picture: new File(["1234"], "p.png") };
  expect((await request(await named("forms.md 4"), "/", { data })).text).toBe("t: 4 bytes");
});

test("security.md: the table of limits is what the limits are", () => {
  const rows = [...text("security.md").matchAll(/^\| `(\w+)` +\| ([\d,]+) +\|/gm)];
  expect(
    Object.fromEntries(rows.map(([, name, size = ""]) => [name, Number(size.replaceAll(",", ""))])),
  ).toEqual(inputLimits);
});
