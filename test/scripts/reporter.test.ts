import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root } from "../support/postern.ts";

const files = {
  "mixed.test.js": `
    import { describe, expect, test } from "vitest";
    test("passes", () => {});
    test("fails", () => expect(1).toBe(2));
    describe("group", () => test.skip("skipped", () => {}));
  `,
  "cannot-be-loaded.test.js": `import "./not-there.js";`,
  "group-fails.test.js": `
    import { beforeAll, describe, test } from "vitest";
    describe("group", () => {
      beforeAll(() => { throw new Error("no server"); });
      test("never runs", () => {});
    });
  `,
  "leaves-an-error.test.js": `
    import { test } from "vitest";
    test("passes, but", () => { Promise.reject(new Error("nobody caught this")); });
  `,
};

test("every way to fail is counted, and what is skipped is named", () => {
  const folder = mkdtempSync(join(root, "node_modules/.reporter-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "test"));
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, "test", name), source);
  // Vitest leaves out what lies in node_modules unless it is told otherwise.
  writeFileSync(join(folder, "vitest.config.js"), "export default { test: { exclude: [] } };");
  const path = join(folder, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const reporter = `--reporter=${join(root, "scripts/reporter.js")}`;

  const { status } = spawnSync(process.execPath, [vitest, "run", "--root", folder, reporter], {
    env: { ...process.env, POSTERN_TEST_REPORT: path },
  });

  expect(status).toBe(1);
  const { passed, failed, skipped } = JSON.parse(readFileSync(path, "utf8"));
  expect({ passed, failed }).toEqual({ passed: 2, failed: 4 });
  expect(skipped).toEqual([
    "test/group-fails.test.js > group > never runs",
    "test/mixed.test.js > group > skipped",
  ]);
});
