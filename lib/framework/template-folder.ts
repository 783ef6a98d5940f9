import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { TemplateError } from "./template-error.ts";
import { TemplateFile } from "./template-file.ts";
import type { TemplateType, TemplateTypes } from "./template-types.ts";

// Segments of letters, digits, `_`, `-` and dots that do not begin with a dot: nothing leaves the folder.
const PLAIN_NAME = /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/;

/**
 * Names of ASCII are tried first. V8 makes tables of the letters of all scripts as soon as there is an expression that asks for
 * them, which costs a process more than a twentieth of its start.
 */
function isName(name: string): boolean {
  return (
    PLAIN_NAME.test(name) ||
    /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*(?:\/[\p{L}\p{N}_-][\p{L}\p{N}._-]*)*$/u.test(name)
  );
}

/** Past it names are looked up anew. There are as many as files, each with and without its extension. */
const MAX_FILES = 10_000;

interface Known {
  readonly file: TemplateFile;
  readonly version: string;
}

/** Finds and reads the files of templates. */
export class TemplateFolder {
  readonly #folders: readonly string[];
  readonly #types: TemplateTypes;
  readonly #cache: boolean;
  readonly #files = new Map<string, Known>();

  /** @param cache - a file is read once; otherwise again when it has changed */
  constructor(folders: readonly (string | URL)[], types: TemplateTypes, cache: boolean) {
    this.#folders = folders.map((folder) => resolve(folder instanceof URL ? fileURLToPath(folder) : folder));
    this.#types = types;
    this.#cache = cache;
  }

  /** @throws TemplateError `TEMPLATE_NAME`, `TEMPLATE_MISSING` */
  read(name: string): TemplateFile {
    const known = this.#files.get(name);
    if (known !== undefined && this.#cache) return known.file;
    const [folder, path, stats] = this.#find(name);
    // Nobody asks again for the version of a file that is read once.
    const version = this.#cache ? "" : versionOf(path, stats);
    if (known?.version === version) return known.file;
    if (leaves(folder, path)) {
      throw new TemplateError("TEMPLATE_NAME", `template "${name}" is a link out of the folder: ${path}`);
    }
    const file = new TemplateFile(path, readFileSync(path, "utf8"), this.#typeOf(path));
    if (this.#files.size >= MAX_FILES) this.#files.clear();
    this.#files.set(name, { file, version });
    return file;
  }

  /** The names of all templates, with their extensions. */
  async names(): Promise<string[]> {
    const names = new Set<string>();
    for (const folder of this.#folders) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const name = relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/");
        if (!entry.isDirectory() && isName(name) && this.#hasExtension(name)) names.add(name);
      }
    }
    return [...names].sort();
  }

  #find(name: string): [folder: string, path: string, stats: Stats] {
    if (!isName(name)) {
      throw new TemplateError(
        "TEMPLATE_NAME",
        `${JSON.stringify(name)} is no name of a template: give its path in the folder, such as "admin/users"`,
      );
    }
    const names = Object.keys(this.#types).map((extension) => name + extension);
    if (this.#hasExtension(name)) names.unshift(name);
    for (const folder of this.#folders) {
      for (const file of names) {
        const path = join(folder, file);
        const stats = statsOf(path);
        if (stats?.isFile()) return [folder, path, stats];
      }
    }
    throw new TemplateError(
      "TEMPLATE_MISSING",
      `there is no template "${name}": tried ${names.join(", ")} in ${this.#folders.join(" and ")}`,
    );
  }

  /** The last extension decides; that of `mail.txt.mustache` is `.txt`. */
  #typeOf(path: string): TemplateType {
    const [inner, last] = path
      .slice(path.lastIndexOf(sep) + 1)
      .split(".")
      .slice(-2);
    const type = (last === "mustache" ? this.#types[`.${inner}`] : undefined) ?? this.#types[`.${last}`];
    if (type === undefined) throw new RangeError(`no type has the extension of ${path}`);
    return type;
  }

  #hasExtension(name: string): boolean {
    return Object.keys(this.#types).some((extension) => name.endsWith(extension));
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "ENAMETOOLONG" || code === "ELOOP") return undefined;
    throw error;
  }
}

/** What is another as soon as the file is. */
function versionOf(path: string, { mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${path}:${mtimeMs}:${ctimeMs}:${size}:${ino}`;
}

/** One question to the system where no link is in the path; `realpathSync()` itself asks one for each folder of it. */
function leaves(folder: string, path: string): boolean {
  const real = realpathSync.native(path);
  return real !== path && !real.startsWith(join(realpathSync.native(folder), sep));
}
