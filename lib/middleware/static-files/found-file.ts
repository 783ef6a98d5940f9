// From a request's path to a file of the folder.

import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hasOwnNames, isInside } from "../../gateway/inside-folder.ts";
import type { Folder } from "./folder.ts";

export interface FoundFile {
  /** Where it is in the folder, with slashes. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly stats: Stats;
}

/** A folder with an index file that was asked for without its slash. */
export const WITHOUT_SLASH = Symbol("without slash");

/** A folder without an index file, to be listed. */
export interface FoundFolder {
  /** `""`, or with a slash at its end. */
  readonly folder: string;
}

/** What no file can be found by: not there, not to be looked into, no name at all, links in a circle. */
const MISSING: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENAMETOOLONG",
  "EACCES",
  "ELOOP",
  "EINVAL",
]);

/** @param path below the folder as in an environ: one code point a byte, `""` or with a slash at its beginning */
export async function findFile(
  folder: Folder,
  path: string,
): Promise<FoundFile | FoundFolder | typeof WITHOUT_SLASH | undefined> {
  const name = nameOf(folder, path);
  if (name === undefined) return undefined;
  if (name === "" || name.endsWith("/")) {
    const index = (await findIndex(folder, name)) ?? (await findListed(folder, name));
    return index !== undefined && path === "" ? WITHOUT_SLASH : index;
  }
  const found = await look(folder, name);
  if (found === undefined) return undefined;
  if (found.stats.isFile()) return found;
  if (!found.stats.isDirectory()) return undefined;
  if (folder.listing) return WITHOUT_SLASH;
  return (await findIndex(folder, `${name}/`)) === undefined ? undefined : WITHOUT_SLASH;
}

/** What an entry of a folder leads to; undefined where a request for it would find nothing. */
export async function findIn(folder: Folder, name: string, entry: string): Promise<FoundFile | undefined> {
  // Bytes that are no UTF-8 are read as this character.
  if (entry.includes("\ufffd") || !hasOwnNames(entry, folder.dotNames)) return undefined;
  return look(folder, name + entry);
}

async function findListed(folder: Folder, name: string): Promise<FoundFolder | undefined> {
  if (!folder.listing) return undefined;
  const found = await look(folder, name);
  return found?.stats.isDirectory() === true ? { folder: name } : undefined;
}

/** A file that lies beside another, or undefined. */
export async function findBeside(
  folder: Folder,
  { name }: FoundFile,
  ending: string,
): Promise<FoundFile | undefined> {
  const found = await look(folder, name + ending);
  return found?.stats.isFile() === true ? found : undefined;
}

async function findIndex(folder: Folder, name: string): Promise<FoundFile | undefined> {
  for (const index of folder.index) {
    const found = await look(folder, name + index);
    if (found?.stats.isFile() === true) return found;
  }
  return undefined;
}

/** The path as a name of the file system: each of its segments is a name of its own, or it is nobody's. */
function nameOf({ dotNames }: Folder, path: string): string | undefined {
  const bytes = Buffer.from(path.slice(1), "latin1");
  const name = bytes.toString();
  // Bytes that are no UTF-8 would be those of another name.
  if (!Buffer.from(name).equals(bytes)) return undefined;
  return name === "" || hasOwnNames(name, dotNames) ? name : undefined;
}

async function look(folder: Folder, name: string): Promise<FoundFile | undefined> {
  const path = join(folder.path, name);
  try {
    if (!folder.followLinks && !(await isInside(folder.path, path))) return undefined;
    return { name, path, stats: await stat(path) };
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
