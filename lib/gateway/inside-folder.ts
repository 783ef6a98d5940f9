// Which names are those of files in a folder, and which only pretend to be.

import { readlinkSync } from "node:fs";
import { type FileHandle, realpath, stat } from "node:fs/promises";
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
  return real === path || isBelow(await realpath(folder), real);
}

/**
 * Whether an open file is in a folder: what was asked about its path before it was opened may not hold any more, where others
 * can make links in the folder.
 *
 * @throws an error of the file system
 */
export async function isOpenInside(folder: string, path: string, file: FileHandle): Promise<boolean> {
  const real = await pathOf(path, file);
  return real !== undefined && (isBelow(folder, real) || isBelow(await realpath(folder), real));
}

/** Where an open file is, without links, or undefined where that is not sure. */
async function pathOf(path: string, file: FileHandle): Promise<string | undefined> {
  try {
    // A question that no disk has to answer.
    return readlinkSync(`/proc/self/fd/${file.fd}`);
  } catch {
    // Only Linux has this.
    const real = await realpath(path);
    const [open, found] = await Promise.all([file.stat(), stat(real)]);
    return open.dev === found.dev && open.ino === found.ino ? real : undefined;
  }
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
