// Which files of a project make the development server start the application again.

import { existsSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

/** Folders that hold no sources: what others wrote, what is built, and what a running application writes. */
const IGNORED = new Set(
  "node_modules dist build coverage data uploads sessions static public logs tmp".split(" "),
);

const SOURCES = /\.(?:[cm]?[jt]sx?|html|mustache)$/;
const SETTINGS = /^(?:package\.json|tsconfig.*\.json|\.env.*)$/;
const TEMPLATES = /(?:^|[\\/])(?:templates|views)[\\/]/;

/** The folder of the nearest package.json; without one the module's own. */
export function projectFolder(module: string): string {
  for (let folder = dirname(module); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return dirname(module);
  }
}

/** Whether a folder is looked into; those that lead to the module always are. */
export function isWatchedFolder(folder: string, module: string): boolean {
  if (module.startsWith(folder + sep)) return true;
  const name = basename(folder);
  return !name.startsWith(".") && !IGNORED.has(name);
}

/** Whether a change of a file counts. */
export function isSourceFile(path: string, project: string): boolean {
  return SOURCES.test(path) || SETTINGS.test(basename(path)) || TEMPLATES.test(relative(project, path));
}
