// Whether other users of the machine can put sessions into a folder, or read their ids from it. Who can, is whoever he likes: a
// file that he has made himself says who is logged in, and the name of one that he sees is a cookie.

import { accessSync, constants, type Stats, statSync } from "node:fs";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { GatewayError } from "../../errors.ts";

const READABLE_BY_OTHERS = 0o004;
const WRITABLE_BY_OTHERS = 0o002;
/** Of what lies in such a folder each user can rename and remove his own alone, as in `/tmp`. */
const STICKY = 0o1000;

/**
 * Looks at a folder and at those that it lies in. In one that everybody writes to, such as `/tmp`, anybody may have made the
 * folder before us; elsewhere it is the business of whoever could make it there whose it is.
 *
 * @returns what is dangerous, if something is, and cannot be told from what was meant so
 * @throws Error: others can put sessions into it; `ENOENT`: it is not there
 */
export async function checkFolder(folder: string): Promise<string | undefined> {
  // Windows keeps the owners of files, and who may do what, in another way.
  const us = process.geteuid?.();
  if (us === undefined) return undefined;
  const path = resolve(folder);
  const real = await realpath(path);
  const { mode } = await lstat(real);
  if (mode & WRITABLE_BY_OTHERS)
    throw new Error(`every user of this machine can write to ${real}: ${REMEDY}`);
  let danger =
    mode & READABLE_BY_OTHERS ? `every user of this machine can read session ids in ${real}` : undefined;
  for (const part of new Set([...partsOf(path), ...partsOf(real)])) {
    const parent = await lstat(dirname(part));
    if (!(parent.mode & WRITABLE_BY_OTHERS) || parent.isSymbolicLink()) continue;
    const { uid } = await lstat(part);
    if (uid !== us && uid !== 0)
      throw new Error(`${part} belongs to user ${uid}, in a folder that everybody writes to: ${REMEDY}`);
    if (!(parent.mode & STICKY)) danger ??= `every user of this machine can exchange ${part} for another`;
  }
  return danger && `${danger}: ${REMEDY}`;
}

const REMEDY = "keep sessions in a folder of mode 0700 that belongs to the user who runs the application";

/**
 * Looks at where a folder is or will be made, without making it: who only lists the routes of an application needs none.
 *
 * @returns what will fail for this user, if something will
 * @throws {GatewayError} `SESSION_FOLDER`: there is a file, for whichever user
 */
export function checkPlace(folder: string): string | undefined {
  const { F_OK, R_OK, W_OK, X_OK } = constants;
  let place = resolve(folder);
  try {
    let found = statsOf(place);
    for (; found === undefined; found = statsOf(place)) place = dirname(place);
    if (!found.isDirectory())
      throw new GatewayError(
        "SESSION_FOLDER",
        `sessions cannot be kept in ${folder} (ENOTDIR: ${place} is no folder): ${REMEDY}`,
      );
    accessSync(place, (place === resolve(folder) ? R_OK : F_OK) | W_OK | X_OK);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    return folderFailure(folder, error as NodeJS.ErrnoException).message;
  }
}

/** `undefined` where nothing is, or where what it would lie in is a file. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * Makes a folder and those that it lies in, mode 0700. Not with the option `recursive` of Node, which tries for ever where the
 * system says of a folder that is there that it is not, as below `/proc`.
 *
 * @throws Error: it cannot be made
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeParts(resolve(folder));
  } catch (error) {
    throw folderFailure(folder, error as NodeJS.ErrnoException);
  }
}

async function makeParts(path: string): Promise<void> {
  const made = await tryToMake(path);
  if (made) return;
  await makeParts(dirname(path));
  // Now what it lies in is there: it is missed no more for that.
  await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
}

/** False where what it lies in is missed. */
async function tryToMake(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") ignoreExisting(error as NodeJS.ErrnoException);
    else if (!(await isThere(dirname(path)))) return false;
    // Somebody else may have made what it lies in meanwhile; below /proc the system says the same again.
    else await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
  }
  return true;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** What the system says where a folder is not for us to use; other failures, such as a full disk, pass. */
const REFUSALS = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOENT", "ELOOP", "ENAMETOOLONG"]);

/** A failure in a folder, with its name and what to do; without the ids of sessions that the system's text has in a path. */
export function folderFailure(folder: string, error: NodeJS.ErrnoException): Error {
  if (!REFUSALS.has(error.code ?? "")) return error;
  const [said] = error.message.split(",", 1);
  return new Error(`sessions cannot be kept in ${folder} (${said}): ${REMEDY}`, { cause: error });
}

/** A path and all that it lies in, up to the root. */
function partsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [path, ...partsOf(parent)];
}
