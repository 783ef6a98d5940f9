// Whether other users of the machine can put sessions into a folder, or read their ids from it. Who can, is whoever he likes: a
// file that he has made himself says who is logged in, and the name of one that he sees is a cookie.

import { lstat, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";

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

/** A path and all that it lies in, up to the root. */
function partsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [path, ...partsOf(parent)];
}
