// Which names are those of files in a folder, and which only pretend to be.

import { realpath } from "node:fs/promises";
import { sep } from "node:path";

/**
 * Whether each segment of a path is a name of its own: none is empty, `.`, `..` or one that begins with a dot, and there is no
 * NUL and no backslash.
 *
 * @param name with slashes; one at its end, after the name of a folder, does no harm
 * @param dotNames names that may begin with a dot nonetheless
 */
export function hasOwnNames(name: string, dotNames: ReadonlySet<string> = NONE): boolean {
  if (/[\0\\]/.test(name)) return false;
  const segments = name.split("/");
  const names = segments.at(-1) === "" ? segments.slice(0, -1) : segments;
  return names.every((segment) => {
    if (segment === "" || segment === "." || segment === "..") return false;
    return !segment.startsWith(".") || dotNames.has(segment);
  });
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Whether a file is in a folder after all symbolic links were followed.
 *
 * @throws an error of the file system, where one of them is not there
 */
export async function isInside(folder: string, path: string): Promise<boolean> {
  const real = await realpath(path);
  if (real === path) return true;
  const realFolder = await realpath(folder);
  return real.startsWith(realFolder.endsWith(sep) ? realFolder : realFolder + sep);
}
