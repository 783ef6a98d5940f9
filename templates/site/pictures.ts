// The pictures that visitors sent: a folder of files. Their names are ours; a visitor's own name proves nothing.

import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { dataFolder } from "./data-folder.ts";

const folder = new URL("pictures/", dataFolder);

/** How the files of each kind begin. */
const kinds: [string, RegExp][] = [
  ["png", /^\x89PNG/],
  ["jpg", /^\xff\xd8\xff/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF.{4}WEBP/s],
];

export function picturePath(name: string) {
  return new URL(name, folder);
}

/** Keeps a picture; false when it is none. */
export async function addPicture(bytes: Buffer) {
  const start = bytes.toString("latin1", 0, 16);
  const kind = kinds.find(([, pattern]) => pattern.test(start))?.[0];
  if (kind === undefined) return false;
  await mkdir(folder, { recursive: true });
  const name = `${Date.now()}-${randomBytes(4).toString("hex")}.${kind}`;
  // Renamed when it is complete: nobody is ever shown half a picture.
  await writeFile(picturePath(`${name}.part`), bytes);
  await rename(picturePath(`${name}.part`), picturePath(name));
  return true;
}

export async function newestPictures(count: number) {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".part"));
  return names.sort().reverse().slice(0, count);
}
