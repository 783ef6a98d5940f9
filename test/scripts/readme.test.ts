import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../support/postern.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

test("the TypeScript in the README compiles against the built package", () => {
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  expect(examples.length).toBeGreaterThan(1);
  // Inside node_modules, where `postern` is the name of this package.
  const folder = mkdtempSync(join(root, "node_modules/.readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const files = examples.map((_, index) => `example-${index}.ts`);
  for (const [index, file] of files.entries()) writeFileSync(join(folder, file), examples[index] ?? "");
  const settings = { extends: join(root, "tsconfig.json"), compilerOptions: { rootDir: ".", noEmit: true } };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...settings, files, include: [] }));

  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });

  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("every file that the README links to is there", () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("the README's first screen has the two commands", () => {
  const screen = readme.split("\n").slice(0, 40).join("\n");
  expect(screen).toMatch(/^npm start\b/m);
  expect(screen).toMatch(/^npm test\b/m);
});
