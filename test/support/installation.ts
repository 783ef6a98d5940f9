// Copies of the built package for projects that run as another user, since a link may lead where that user may not.

import { cpSync } from "node:fs";
import { join } from "node:path";
import { root } from "./postern.ts";

/** What an application of postern needs at run time, and `postern bundle`. */
const dependencies = [
  "@jridgewell/sourcemap-codec",
  "busboy",
  "cookie",
  "etag",
  "mustache",
  "range-parser",
  "streamsearch",
];

/** Puts postern and what it needs into a project's node_modules. */
export function installPackages(project: string): void {
  for (const name of dependencies) {
    cpSync(join(root, "node_modules", name), join(project, "node_modules", name), { recursive: true });
  }
  for (const name of ["package.json", "dist"]) {
    cpSync(join(root, name), join(project, "node_modules/postern", name), { recursive: true });
  }
}
