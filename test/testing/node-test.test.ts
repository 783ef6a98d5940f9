// app.request() and app.browser() know no test runner: the same works under Node's own.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { compiled } from "../support/dist.ts";
import { temporaryFolder } from "../support/folder.ts";

const program = (postern: string) => `
import assert from "node:assert/strict";
import { test } from "node:test";
import { application, seeOther } from ${JSON.stringify(postern)};

const names = [];
const app = application([["/", {
  GET(web) {
    web.header("Content-Type", "text/html");
    return "<ul><li>" + names.join("<li>") + "</ul><form method=post><input name=name></form>";
  },
  async POST(web) {
    names.push((await web.input("name")).name);
    throw seeOther("/");
  },
}]]);

test("a page is asked for", async () => {
  assert.equal((await app.request("/")).status, 200);
});

test("a form is sent", async () => {
  const browser = await app.browser();
  await browser.open("/");
  await browser.form().fill({ name: "Zoë" }).submit();
  assert.equal(browser.text, "Zoë");
  assert.throws(() => browser.link("About"), /no link "About" on/);
});
`;

test("node:test runs them, and ends", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const path = join(folder.path, "app.test.mjs");
  writeFileSync(path, program(compiled("index.js")));
  // What vitest tells its children would have this one report to it.
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const args = ["--test", "--test-reporter=tap", path];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toMatch(/^# pass 2$/m);
});
