import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../../../errors.ts";
import { durationOf } from "../../../gateway/duration.ts";
import { logToStderr } from "../../../gateway/log.ts";
import { checkOptions } from "../../../gateway/option-names.ts";
import { ifThere, removeStaleLock, withFileLock } from "../file-lock.ts";
import { checkFolder, checkPlace, folderFailure, makeFolder } from "../safe-folder.ts";
import { isSessionId } from "../session-id.ts";
import type { SessionChanges, SessionStore, SessionValues, StoredSession } from "../store.ts";
import { fromJson, setText, toJson } from "../values-json.ts";

export interface DiskStoreOptions {
  /**
   * How long a change waits for those of other requests to the same session, in milliseconds. A request that has waited
   * longer gets 503, and 503 is also what one gets that waits longer than the sessions' `storeTimeoutMs`, so that a longer
   * wait needs both. 0 is no limit of its own.
   *
   * @defaultValue 4,000
   */
  lockTimeoutMs?: number;
}

const DEFAULT_LOCK_MS = 4_000;

/**
 * Keeps sessions in a folder, one file each, for all processes of one machine. The folder is made when it is missed (mode
 * 0700), the files are for their owner alone (0600), and it must not be one that a web server hands out. Where other users of
 * the machine could put sessions into it, nothing is read, written or removed, and requests get 503.
 *
 * A file is written under another name and then renamed, so that it is never half there: not for a reader, not when the
 * disk is full, not when the process is killed. It is not waited for until it is on the disk: after a power failure sessions of
 * the last seconds may be missing or old, which is the price of some milliseconds for each change.
 *
 * @throws {GatewayError} `OPTION`: an empty path, which would be the folder that the process was started in, or a
 *   `lockTimeoutMs` that is none; `SESSION_FOLDER`: where the folder is or should be made there is a file. That this process's
 *   user may not use it is a line on standard error, since another's may be the one that serves
 */
export function diskStore(folder: string | URL, options: DiskStoreOptions = {}): SessionStore {
  checkOptions("diskStore()", options, { lockTimeoutMs: true });
  if (typeof folder !== "string" && !(folder instanceof URL))
    throw new GatewayError(
      "OPTION",
      'diskStore() takes a folder first, such as diskStore("/var/lib/app/sessions")',
    );
  if (folder === "") {
    throw new GatewayError(
      "OPTION",
      'diskStore("") names no folder; "." is the one that the process was started in',
    );
  }
  const lockTimeoutMs = durationOf("lockTimeoutMs", options.lockTimeoutMs ?? DEFAULT_LOCK_MS);
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const failure = checkPlace(path);
  if (failure !== undefined) logToStderr("error", failure);
  return new DiskStore(path, lockTimeoutMs);
}

/** A file begins with the time at which the session ends, in milliseconds since 1970 and of fixed length, and a line break. */
const TIME_DIGITS = 15;
const HEADER_BYTES = TIME_DIGITS + 1;

/** A temporary file that is older, in milliseconds, has lost its process. */
const FORGOTTEN_MS = 3_600_000;

/** A session that is so long past its time, in milliseconds, is in nobody's hands any more: no lock is held for half as long. */
const SURELY_OVER_MS = 60_000;

/** So long the removal of expired sessions goes on before others have their turn, in milliseconds. */
const SLICE_MS = 2;

interface Entry {
  readonly values: Map<string, string>;
  readonly expiresAt: number;
}

class DiskStore implements SessionStore {
  readonly #folder: string;
  readonly #lockTimeoutMs: number;
  /** The folder that was found to be safe. */
  #trusted: string | undefined;
  /** What is to be said of the folder, once. */
  #danger: string | undefined;

  constructor(folder: string, lockTimeoutMs: number) {
    this.#folder = folder;
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const path = this.#path(id);
    if (!(await this.#isTrusted())) return undefined;
    const entry = parse(await readFile(path, "utf8").catch(ignoreMissing).catch(this.#fail));
    return entry && { values: entry.values, remainingMs: entry.expiresAt - Date.now() };
  }

  // Nobody knows its id yet, so nobody has to be kept away.
  async create(id: string, values: SessionValues, lifetimeMs: number): Promise<void> {
    const path = this.#path(id);
    await makeFolder(this.#folder);
    await this.#isTrusted();
    // Said by who makes sessions: a CGI script would say it at each request.
    if (this.#danger !== undefined) logToStderr("error", this.#danger);
    this.#danger = undefined;
    try {
      write(path, values, lifetimeMs);
    } catch (error) {
      this.#fail(error);
    }
  }

  merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean> {
    return this.#alone(id, (path, { values }) => {
      if (changes.size === 0) return touch(path, lifetimeMs);
      for (const [key, text] of changes) setText(values, key, text);
      return write(path, values, lifetimeMs);
    });
  }

  replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean> {
    return this.#alone(id, (path, { values }) => {
      if ((values.get(key) ?? null) !== before) return false;
      setText(values, key, after);
      return write(path, values, lifetimeMs);
    });
  }

  rename(id: string, newId: string): Promise<boolean> {
    const newPath = this.#path(newId);
    return this.#alone(id, (path) => {
      renameSync(path, newPath);
      return true;
    });
  }

  async delete(id: string): Promise<void> {
    await this.#alone(id, (path) => {
      unlinkSync(path);
      return true;
    });
  }

  async cleanUp(atMost = Number.POSITIVE_INFINITY): Promise<void> {
    if (!(await this.#isTrusted())) return;
    const names = (await readdir(this.#folder).catch(ignoreMissing)) ?? [];
    // Begins anywhere, so that none is left out where there is only time for some.
    const begin = Math.floor(Math.random() * names.length);
    const failures: unknown[] = [];
    let pauseAt = performance.now() + SLICE_MS;
    for (const name of [...names.slice(begin), ...names.slice(0, begin)].slice(0, atMost)) {
      try {
        this.#cleanUp(name);
      } catch (error) {
        // One that cannot be read or removed must not keep all that come after it.
        if (failures.length === 0) failures.push(error);
      }
      if (performance.now() < pauseAt) continue;
      await nextTurn();
      pauseAt = performance.now() + SLICE_MS;
    }
    if (failures.length > 0) throw failures[0];
  }

  // Synchronous, since this takes a tenth of what the same does as promises; other requests come between the slices.
  #cleanUp(name: string): void {
    const path = join(this.#folder, name);
    if (name.endsWith(".lock")) removeStaleLock(path);
    else if (/\.(new|removing)$/.test(name)) removeForgotten(path);
    else if (isSessionId(name) && hasExpired(path)) ifThere(() => unlinkSync(path));
  }

  /** Runs `task` where there is such a session, and no other process changes it meanwhile. */
  async #alone(id: string, task: (path: string, entry: Entry) => boolean): Promise<boolean> {
    const path = this.#path(id);
    if (!(await this.#isTrusted())) return false;
    try {
      return await withFileLock(`${path}.lock`, this.#lockTimeoutMs, () => {
        const entry = parse(ifThere(() => readFileSync(path, "utf8")));
        return entry !== undefined && task(path, entry);
      });
    } catch (error) {
      // The folder is gone, or was never there: so is the session.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      return this.#fail(error);
    }
  }

  /**
   * False where the folder is not there. It has no sessions then, whoever makes one the moment after. One that has been
   * removed, as by what tidies `/tmp`, and made again is another.
   *
   * @throws Error: other users can put sessions into the folder. Asked again until it is mended
   */
  async #isTrusted(): Promise<boolean> {
    try {
      const found = ifThere(() => identity(this.#folder));
      if (found === undefined) return false;
      if (found === this.#trusted) return true;
      this.#danger = await checkFolder(this.#folder);
      this.#trusted = found;
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      return this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): never => {
    throw folderFailure(this.#folder, error as NodeJS.ErrnoException);
  };

  #path(id: string): string {
    // Nothing else ever gets here; a name that leads out of the folder must not even so.
    if (!isSessionId(id)) throw new TypeError("no id of a session");
    return join(this.#folder, id);
  }
}

/** What is another for another folder, and where it belongs to somebody else or more may be done in it. */
function identity(folder: string): string {
  const { dev, ino, uid, mode } = statSync(folder);
  return [dev, ino, uid, mode].join(" ");
}

/** What is no session, such as a file that a crash of the machine has left empty, is as if it were not there. */
function parse(text: string | undefined): Entry | undefined {
  const expiresAt = Number(text?.slice(0, TIME_DIGITS));
  if (text === undefined || !(expiresAt > Date.now())) return undefined;
  const values = fromJson(text.slice(HEADER_BYTES));
  return values && { values, expiresAt };
}

function write(path: string, values: SessionValues, lifetimeMs: number): true {
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    writeFileSync(draft, `${timeFrom(lifetimeMs)}\n${toJson(values)}`, { flag: "wx", mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    ifThere(() => unlinkSync(draft));
    throw error;
  }
  return true;
}

function hasExpired(path: string): boolean {
  const file = ifThere(() => openSync(path, "r"));
  if (file === undefined) return false;
  const time = Buffer.alloc(TIME_DIGITS);
  try {
    const length = readSync(file, time, 0, TIME_DIGITS, 0);
    // Where the time is not a number, nothing is a session either.
    return !(Number(time.toString("latin1", 0, length)) > Date.now() - SURELY_OVER_MS);
  } finally {
    closeSync(file);
  }
}

function removeForgotten(path: string): void {
  const stats = ifThere(() => lstatSync(path));
  if (stats !== undefined && Date.now() - stats.mtimeMs > FORGOTTEN_MS) ifThere(() => unlinkSync(path));
}

/** Writes the time over the old one, which takes no room on a disk that is full. */
function touch(path: string, lifetimeMs: number): true {
  const file = openSync(path, "r+");
  try {
    writeSync(file, timeFrom(lifetimeMs), 0, "latin1");
  } finally {
    closeSync(file);
  }
  return true;
}

function timeFrom(lifetimeMs: number): string {
  return Math.ceil(Date.now() + lifetimeMs)
    .toString()
    .padStart(TIME_DIGITS, "0");
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
