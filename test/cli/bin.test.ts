import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { root } from "../support/postern.ts";

const bin = join(root, "dist/cli/bin.cjs");

/** Runs what npm links, in a Node that says it is of another version. */
async function runWith(version: string) {
  const pretend = `Object.defineProperty(process.versions, "node", { value: "${version}" })`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const child = new Child(process.execPath, ["--import", preload, bin, "--version"]);
  return { status: await child.ended, stdout: child.stdout, stderr: child.stderr };
}

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

test.each(["0.12.18", "8.17.0", "18.20.8", "20.9.0", "20.18.3"])(
  "Node %s is told that it is too old",
  async (old) => {
    const sentence = `postern needs Node 20.19 or later, and this is ${old}: see https://nodejs.org/en/download for a newer one.\n`;
    expect(await runWith(old)).toEqual({ status: 1, stdout: "", stderr: sentence });
  },
);

test.each(["20.19.0", "20.20.2", "22.1.0", "24.0.0"])("Node %s is not", async (enough) => {
  expect(await runWith(enough)).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

test("it is a script of old: Node 10 reads it, before it can say anything", () => {
  const source = readFileSync(bin, "utf8");
  // What came after Node 10: optional chaining and its kin, private members, top-level await, modules.
  expect(source).not.toMatch(/\?\.|\?\?|#[a-z]+\b(?!!)|\bawait\b|^\s*(?:import\s+[\w{*"]|export\s)/m);
  expect(source).not.toContain("node:");
});
