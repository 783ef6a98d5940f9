import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { origin } from "../../lib/cli/new-origin.ts";
import { temporaryFolder } from "../support/folder.ts";

interface Installation {
  /** What the package.json beside node_modules says of postern. */
  readonly wanted?: string;
  /** What npm noted in node_modules/.package-lock.json: false for nothing at all. */
  readonly resolved?: string | false;
}

/** A postern in node_modules as npm leaves it. */
function installed({ wanted, resolved }: Installation): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const root = join(path, "node_modules/postern");
  mkdirSync(root, { recursive: true });
  if (wanted !== undefined) {
    writeFileSync(join(path, "package.json"), JSON.stringify({ dependencies: { postern: wanted } }));
  }
  if (resolved !== false) {
    const packages = { "node_modules/postern": { version: "1.2.3", resolved } };
    writeFileSync(join(path, "node_modules/.package-lock.json"), JSON.stringify({ packages }));
  }
  return path;
}

const registry = "https://registry.npmjs.org/postern/-/postern-1.2.3.tgz";

test.each<[string, Installation, (path: string) => string]>([
  [
    "a tarball",
    { wanted: "file:../p.tgz", resolved: "file:../p.tgz" },
    (path) => `file:${join(path, "../p.tgz")}`,
  ],
  ["a tarball, through npx", { resolved: "file:/tmp/p.tgz" }, () => "file:/tmp/p.tgz"],
  ["the registry", { wanted: "^1.2.3", resolved: registry }, () => "^1.2.3"],
  ["the registry, with npm told to note no addresses", { wanted: "*" }, () => "^1.2.3"],
  ["an address", { wanted: "https://example.org/p.tgz" }, () => "https://example.org/p.tgz"],
  ["a repository", { wanted: "git+ssh://example.org/p.git" }, () => "git+ssh://example.org/p.git"],
  [
    "npm install --global, which notes nothing",
    { resolved: false },
    (path) => `file:${path}/node_modules/postern`,
  ],
])("a postern from %s", (_, installation, spec) => {
  const path = installed(installation);
  expect(origin(join(path, "node_modules/postern"), "1.2.3").spec).toBe(spec(path));
});

test("a clone of the repository", () => {
  expect(origin("/home/ann/postern", "1.2.3")).toEqual({
    spec: "file:/home/ann/postern",
    words: "the folder /home/ann/postern",
  });
});
