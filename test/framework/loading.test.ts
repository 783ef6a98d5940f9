// What a request does not use must not be loaded: a CGI script pays for each module at every hit.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { compiled } from "../support/dist.ts";

const lib = resolve(import.meta.dirname, "../../lib");

/** What is loaded with a module: our files below lib, and the names of all else. */
function loadedWith(entry: string): { files: Set<string>; others: Set<string> } {
  const files = new Set<string>();
  const others = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
    for (const statement of source.statements) {
      if (ts.isImportDeclaration(statement)) {
        if (statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) continue;
      } else if (!ts.isExportDeclaration(statement) || statement.isTypeOnly) continue;
      const specifier = statement.moduleSpecifier;
      if (specifier === undefined || !ts.isStringLiteral(specifier)) continue;
      if (specifier.text.startsWith(".")) visit(resolve(dirname(path), specifier.text));
      else others.add(specifier.text);
    }
  };
  visit(join(lib, entry));
  return { files, others };
}

test("the front door loads no package, and no part of Node that is not there anyway", () => {
  expect([...loadedWith("index.ts").others].sort()).toEqual(["node:buffer", "node:util"]);
});

test.each([
  ["framework/multipart.ts", "busboy"],
  ["framework/cookies.ts", "cookie"],
  ["framework/template-engine.ts", "mustache"],
  ["framework/signed-value.ts", "node:crypto"],
  ["framework/sessions.ts", "node:crypto"],
])("%s, which is loaded when it is needed, loads %s", (entry, name) => {
  expect(loadedWith(entry).others).toContain(name);
});

test("a hello loads none of it", async () => {
  const program = `
    // What these bring along differs between versions of Node, and is Node's own affair.
    for (const name of ["buffer", "fs", "url", "util"]) await import("node:" + name);
    const before = new Set(process.moduleLoadList);
    const { application } = await import(${JSON.stringify(compiled("index.ts"))});
    class Hello { GET(web, name) { return "Hello, " + name + "!"; } }
    const app = application([["/hello/(.*)", Hello]]);
    const environ = { REQUEST_METHOD: "GET", SCRIPT_NAME: "", PATH_INFO: "/hello/World", QUERY_STRING: "" };
    const text = String(app(environ, () => {}));
    const after = process.moduleLoadList.filter((name) => !before.has(name));
    const { createRequire } = await import("node:module");
    // Printing loads the network, so all of it is printed at the end.
    console.log(text);
    console.log(Object.keys(createRequire(import.meta.url).cache).length);
    console.log(after.join(" "));
  `;
  const child = new Child(process.execPath, ["--input-type=module", "--eval", program]);
  expect(await child.ended, child.stderr).toBe(0);
  const [text, packages, builtins] = child.stdout.split("\n");
  expect([text, packages]).toEqual(["Hello, World!", "0"]);
  expect(builtins).not.toMatch(
    /NativeModule (http|https|net|tls|crypto|zlib|child_process|stream\/web)( |$)/,
  );
});

test("sessions load no store, and a store loads no other", () => {
  const stores = join(lib, "framework/sessions/stores");
  const loaded = (entry: string) => [...loadedWith(entry).files].filter((path) => dirname(path) === stores);
  expect(loaded("framework/sessions.ts")).toEqual([]);
  const names = readdirSync(stores);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect(loaded(`framework/sessions/stores/${name}`)).toEqual([join(stores, name)]);
  }
});

test("this test sees what it looks for", () => {
  expect([...loadedWith("index.ts").files].map((path) => path.slice(lib.length + 1))).toEqual(
    expect.arrayContaining(["framework/web.ts", "framework/templates.ts", "errors.ts"]),
  );
  expect(fileURLToPath(compiled("index.ts"))).toMatch(/dist\/index\.js$/);
});
