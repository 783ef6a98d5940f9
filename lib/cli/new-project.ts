// A template's files as a new project has them.

import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's folder: this file is two folders below it, in lib as in dist. */
export const packageRoot = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

export interface Project {
  readonly template: string;
  readonly language: "TypeScript" | "JavaScript";
  /** npm's name for it. */
  readonly name: string;
  /** What its package.json says of postern. */
  readonly postern: string;
}

/** Writes the project's files. One that is there already is an error of code `EEXIST`, and stays as it is. */
export function writeProject(folder: string, project: Project): void {
  const source = join(packageRoot, "templates", project.template);
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(source.length + 1);
    if (!entry.isFile() || made.test(path) || (project.language === "JavaScript" && typed.test(path)))
      continue;
    const [target, content] = projectFile(source, path, project);
    const written = join(folder, target);
    mkdirSync(dirname(written), { recursive: true });
    writeFileSync(written, content, { flag: "wx" });
    if (written.endsWith(".cgi")) chmodSync(written, 0o755);
  }
}

/** What a template has besides its sources once it has run where it lies. */
const made = /^(node_modules|data)\/|^cgi-bin\/main\.cgi|^[^/]*\.js$/;

/** What only TypeScript needs. */
const typed = /(^|\/)tsconfig\.json$/;

/** The path and content that a file of the template gets. */
function projectFile(source: string, path: string, project: Project): [path: string, content: string] {
  const text = readFileSync(join(source, path), "utf8");
  const inTypeScript = project.language === "TypeScript";
  if (path === "package.json") return [path, packageJson(text, project)];
  if (path === "_gitignore") return [".gitignore", inTypeScript ? text : text.replace(/^.*\.js\n/gm, "")];
  if (!inTypeScript && path.endsWith(".ts")) {
    const plain = path.replace(/\.ts$/, ".js");
    return [plain, readFileSync(join(packageRoot, "dist/templates", project.template, plain), "utf8")];
  }
  const named = text.replaceAll(`postern-template-${project.template}`, project.name);
  return [path, inTypeScript ? named : withoutBuild(named)];
}

/** What is said of a build, and of files that it makes. */
function withoutBuild(text: string): string {
  return text
    .replaceAll(/npm run build && | Build first\.| after `npm run build`/g, "")
    .replaceAll(/\b([\w-]+)\.ts\b/g, "$1.js");
}

interface PackageJson {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

function packageJson(text: string, { name, postern, language }: Project): string {
  const manifest = { ...(JSON.parse(text) as PackageJson), name };
  manifest.dependencies["postern"] = postern;
  if (language === "JavaScript") {
    for (const tool of ["typescript", "@types/node"]) delete manifest.devDependencies[tool];
    for (const script of ["build", "prestart"]) delete manifest.scripts[script];
    for (const [script, line] of Object.entries(manifest.scripts)) {
      manifest.scripts[script] = line.replaceAll(".ts", ".js");
    }
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
