import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ApplicationError } from "../errors.ts";
import { withInheritance } from "./template-inheritance.ts";

/** A template as it was read. */
export interface TemplateFile {
  readonly path: string;
  /** Without a byte order mark, with bare line feeds, and with inheritance as sections. */
  readonly text: string;
  /** The extension that decides type and escaping: that of `mail.txt.mustache` is `.txt`. */
  readonly extension: string;
  readonly version: string;
}

const EXTENSIONS = [".html", ".mustache", ".xhtml", ".xml", ".txt"];

// Segments of letters, digits, `_`, `-` and dots that do not begin with a dot: nothing leaves the folder.
const NAME = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*(?:\/[\p{L}\p{N}_-][\p{L}\p{N}._-]*)*$/u;

/** Finds and reads the files of templates. */
export class TemplateFolder {
  readonly #folders: readonly string[];
  readonly #cache: boolean;
  readonly #files = new Map<string, TemplateFile>();

  /** @param cache - a file is read once; otherwise again when it has changed */
  constructor(folders: readonly (string | URL)[], cache: boolean) {
    this.#folders = folders.map((folder) => resolve(folder instanceof URL ? fileURLToPath(folder) : folder));
    this.#cache = cache;
  }

  /** @throws ApplicationError `TEMPLATE_NAME`, `TEMPLATE_MISSING` */
  read(name: string): TemplateFile {
    const known = this.#files.get(name);
    if (known !== undefined && (this.#cache || version(known.path) === known.version)) return known;
    const file = this.#find(name);
    this.#files.set(name, file);
    return file;
  }

  #find(name: string): TemplateFile {
    if (!NAME.test(name)) {
      throw new ApplicationError(
        "TEMPLATE_NAME",
        `${JSON.stringify(name)} is no name of a template: give its path in the folder, such as "admin/users"`,
      );
    }
    const known = EXTENSIONS.some((extension) => name.endsWith(extension));
    const names = [...(known ? [name] : []), ...EXTENSIONS.map((extension) => name + extension)];
    for (const folder of this.#folders) {
      for (const file of names) {
        const path = join(folder, file);
        const text = readText(path);
        if (text !== undefined) {
          const inner = /(\.[^./]+)\.mustache$/.exec(file)?.[1] ?? /\.[^./]+$/.exec(file)?.[0] ?? "";
          const extension = EXTENSIONS.includes(inner) ? inner : ".mustache";
          return { path, text, extension, version: version(path) };
        }
      }
    }
    throw new ApplicationError(
      "TEMPLATE_MISSING",
      `there is no template "${name}": tried ${names.join(", ")} in ${this.#folders.join(" and ")}`,
    );
  }
}

function readText(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return withInheritance(text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
}

function version(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.mtimeMs}:${found.size}`;
}
