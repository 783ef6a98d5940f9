// Projects that `postern new` makes, ready to run without an installation: they see this repository's packages.

import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { cli, root } from "./postern.ts";

export const templateNames = ["site", "api", "cgi", "interface"] as const;
export type TemplateName = (typeof templateNames)[number];

export interface ProjectKind {
  readonly template: TemplateName;
  readonly js?: boolean;
}

/**
 * Makes a project in a folder and returns its own folder. It is not built.
 *
 * @param packages whether it sees any
 */
export function newProject(
  folder: string,
  { template, js = false }: ProjectKind,
  packages: "this repository's packages" | "no packages" = "this repository's packages",
): string {
  const args = ["new", `my-${template}`, "--template", template, ...(js ? ["--js"] : [])];
  execFileSync(process.execPath, [cli, ...args], { cwd: folder });
  const project = join(folder, `my-${template}`);
  if (packages !== "no packages") symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  return project;
}
