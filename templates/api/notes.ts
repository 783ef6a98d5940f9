// The notes, one file each. The application runs as two processes: what both must see is kept in files.

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dataFolder } from "./data-folder.ts";

interface Note {
  id: string;
  text: string;
  time: string;
}

function file(id: string) {
  return new URL(`${id}.json`, dataFolder);
}

export async function addNote(text: string) {
  const note: Note = { id: randomUUID(), text, time: new Date().toISOString() };
  await mkdir(dataFolder, { recursive: true });
  // Renamed when it is complete: nobody ever reads half a note.
  await writeFile(file(`${note.id}.part`), JSON.stringify(note));
  await rename(file(`${note.id}.part`), file(note.id));
  return note;
}

/** Undefined where there is none. */
export async function readNote(id: string) {
  try {
    return JSON.parse(await readFile(file(id), "utf8")) as Note;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The oldest first. */
export async function allNotes() {
  await mkdir(dataFolder, { recursive: true });
  const names = (await readdir(dataFolder)).filter((name) => /^[^.]+\.json$/.test(name));
  const notes = await Promise.all(names.map((name) => readNote(name.replace(".json", ""))));
  return notes.filter((note) => note !== undefined).sort((a, b) => (a.time < b.time ? -1 : 1));
}

/** False where there was none. */
export async function removeNote(id: string) {
  const known = (await readNote(id)) !== undefined;
  await rm(file(id), { force: true });
  return known;
}
