import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Where a new project gets postern from. */
export interface Origin {
  /** What stands in the project's package.json. */
  readonly spec: string;
  /** The same for a person. */
  readonly words: string;
}

/**
 * Finds out where the postern in a folder came from, as npm noted it: a project that it makes gets the same one.
 *
 * @param root the package's folder, without symbolic links
 * @param version the package's
 */
export function origin(root: string, version: string): Origin {
  const modules = dirname(root);
  // A clone of the repository, also one that is linked into node_modules.
  if (basename(modules) !== "node_modules") return file(root, "the folder");
  const parent = dirname(modules);
  const wanted = wantedBy(parent);
  if (/^(https?:|git)/.test(wanted)) return { spec: wanted, words: wanted };
  const resolved = installed(modules)?.resolved;
  const local = [wanted, resolved].find((source) => source?.startsWith("file:"));
  if (local !== undefined) return file(resolve(parent, local.slice("file:".length)), "the package");
  // npm notes nothing where it installs globally.
  if (installed(modules) === undefined) return file(root, "the folder");
  return { spec: `^${version}`, words: "the npm registry" };
}

function file(path: string, what: string): Origin {
  return { spec: `file:${path}`, words: `${what} ${path}` };
}

/** What the package.json beside node_modules says of postern. */
function wantedBy(folder: string): string {
  const { dependencies, devDependencies } = readJson(join(folder, "package.json")) as Dependencies;
  return dependencies?.["postern"] ?? devDependencies?.["postern"] ?? "";
}

interface Dependencies {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What npm noted when it installed postern. */
function installed(modules: string): { readonly resolved?: string } | undefined {
  const lock = readJson(join(modules, ".package-lock.json")) as { packages?: Record<string, object> };
  return lock.packages?.["node_modules/postern"];
}

function readJson(path: string): object {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}
