// What the wiki keeps, in SQLite: every version of every page, users, and what was uploaded.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Generated, Kysely, SqliteDialect } from "kysely";
import Database from "libsql";

interface Tables {
  version: { id: Generated<number>; page: string; text: string; author: string; saved: string };
  user: { name: string; password: string };
  upload: { id: Generated<number>; page: string; name: string };
}

/** A folder: of `WIKI_DATA`, or next to this file. */
export const data = process.env["WIKI_DATA"] || fileURLToPath(new URL("data/", import.meta.url));
mkdirSync(join(data, "uploads"), { recursive: true });

const sqlite = new Database(join(data, "wiki.db"));
// Readers and a writer at once; a second writer, of another process, waits for up to five seconds.
sqlite.exec("pragma journal_mode = wal; pragma busy_timeout = 5000");
sqlite.exec(`
  create table if not exists version (
    id integer primary key, page text not null, text text not null, author text not null, saved text not null
  );
  create index if not exists version_page on version (page, id);
  create table if not exists user (name text primary key, password text not null);
  create table if not exists upload (id integer primary key, page text not null, name text not null);
`);

export const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqlite }) });
