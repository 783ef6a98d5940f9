// From a request's path to a file that answers it, for folders of scripts and of applications.

import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** A file that a request names, and what is left of its path. */
export interface FileInPath {
  /** Without symbolic links. */
  readonly file: string;
  /** The part of the path that named it: `/folder/script.cgi`. */
  readonly name: string;
  readonly pathInfo: string;
  readonly isExecutable: boolean;
}

/**
 * The first file on the way of a path through a folder, such as `/folder/script.cgi` of `/folder/script.cgi/rest`. Undefined where there is none: for a folder, for a segment that
 * begins with a dot, is empty or no text, and for a symbolic link that leads out of the folder.
 *
 * @param folder absolute, and without symbolic links
 * @param path as in an environ: percent-decoded, a code point is a byte
 */
export async function findInPath(folder: string, path: string): Promise<FileInPath | undefined> {
  let file = folder;
  let name = "";
  for (const segment of path.split("/").slice(1)) {
    const text = textOf(segment);
    if (text === undefined || text === "" || text.startsWith(".") || text.includes("\0")) return undefined;
    file = join(file, text);
    name += `/${segment}`;
    const found = await stat(file).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.isDirectory()) continue;
    const real = await realpath(file);
    if (!found.isFile() || !real.startsWith(folder + sep)) return undefined;
    return { file: real, name, pathInfo: path.slice(name.length), isExecutable: (found.mode & 0o111) !== 0 };
  }
  return undefined;
}

/** File names are UTF-8. */
function textOf(bytes: string): string | undefined {
  const text = Buffer.from(bytes, "latin1").toString();
  return text.includes("\ufffd") ? undefined : text;
}
