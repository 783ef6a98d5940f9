// Where the guestbook's entries live: a folder with one file for each, so that several processes can sign at once.
// A file gets its name when it is complete; nobody ever sees half of one, and nobody waits for a lock.

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** A file in `pictures`. */
  readonly picture?: string;
  readonly signed: Date;
}

/** A picture to keep: its bytes, and the ending of its file name. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly extension: string;
}

/** The oldest entries make room when there are more. */
const maxEntries = 500;

export class Entries {
  readonly pictures: string;
  readonly #folder: string;

  /** @param folder is made when it is not there */
  constructor(folder: string) {
    this.#folder = join(folder, "entries");
    this.pictures = join(folder, "pictures");
    for (const path of [this.#folder, this.pictures]) mkdirSync(path, { recursive: true });
  }

  /** The last entries, newest first. */
  async newest(count: number): Promise<Entry[]> {
    const ids = (await this.#ids()).slice(-count).reverse();
    const entries = await Promise.all(ids.map((id) => this.#read(id)));
    return entries.filter((entry) => entry !== undefined);
  }

  async add(name: string, text: string, picture?: Picture): Promise<void> {
    // Ids sort by time; the random end keeps two processes in one millisecond apart.
    const id = `${String(Date.now()).padStart(15, "0")}-${randomBytes(4).toString("hex")}`;
    const file = picture && `${id}.${picture.extension}`;
    if (picture) await write(join(this.pictures, `${file}`), picture.bytes);
    await write(join(this.#folder, `${id}.json`), JSON.stringify({ name, text, picture: file }));
    for (const old of (await this.#ids()).slice(0, -maxEntries)) await this.#remove(old);
  }

  async #ids(): Promise<string[]> {
    const names = (await readdir(this.#folder)).filter((name) => /^\d{15}-[0-9a-f]{8}\.json$/.test(name));
    return names.map((name) => name.slice(0, -".json".length)).sort();
  }

  /** An entry; undefined when another process has removed it. */
  async #read(id: string): Promise<Entry | undefined> {
    try {
      const entry = JSON.parse(await readFile(join(this.#folder, `${id}.json`), "utf8"));
      return { ...entry, id, signed: new Date(Number.parseInt(id, 10)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #remove(id: string): Promise<void> {
    const picture = (await this.#read(id))?.picture;
    await rm(join(this.#folder, `${id}.json`), { force: true });
    if (picture) await rm(join(this.pictures, picture), { force: true });
  }
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${path}.tmp`;
  await writeFile(unfinished, content, { flush: true });
  await rename(unfinished, path);
}
