import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { root } from "./postern.ts";

/** Where the wiki's sources are. */
const wiki = join(root, "examples/wiki");

/** The files of the wiki by their names, without what npm and a visitor have made. */
export function wikiFiles(): Map<string, string> {
  const names = readdirSync(wiki, { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => /^(?:templates\/)?[\w-]+\.(?:ts|mustache|json)$/.test(name));
  const own = sources.filter((name) => name !== "package-lock.json");
  return new Map(own.map((name) => [name, readFileSync(join(wiki, name), "utf8")]));
}

/** Writes a program that uses the packages of the wiki into a folder, its TypeScript as JavaScript. */
export function writeProgram(folder: string, files: ReadonlyMap<string, string>): void {
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  symlinkSync(root, join(modules, "postern"));
  for (const name of ["kysely", "libsql"]) symlinkSync(join(wiki, "node_modules", name), join(modules, name));
  for (const [name, text] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (name.endsWith(".ts")) writeFileSync(path.replace(/\.ts$/, ".js"), toJavaScript(text));
    else writeFileSync(path, text);
  }
}

function toJavaScript(source: string): string {
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}
