import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../errors.ts";

export interface FolderWatchOptions {
  /** Whether to look into a folder below the watched one. */
  readonly enters: (folder: string) => boolean;
  /** Told of each file that appeared, changed or went. */
  readonly changed: (path: string) => void;
}

/** More folders than a project has: somebody's home, say. */
const MAX_FOLDERS = 5_000;

/**
 * Watches a folder and the folders in it, one by one: Node 20's own recursive watch on Linux also enters those that
 * are to be left out, such as node_modules.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();

  /** @throws {GatewayError} `WATCH`: too many folders, or more than the system allows */
  constructor(folder: string, options: FolderWatchOptions) {
    this.#options = options;
    try {
      this.#enter(folder, () => {});
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #enter(folder: string, found: (path: string) => void): void {
    if (this.#watchers.has(folder)) return;
    if (this.#watchers.size >= MAX_FOLDERS) {
      throw new GatewayError(
        "WATCH",
        `There are more than ${MAX_FOLDERS} folders to watch: keep the application in a folder of its own with a package.json.`,
      );
    }
    this.#watchers.set(folder, this.#watch(folder));
    for (const entry of entries(folder)) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) found(path);
      else if (this.#options.enters(path)) this.#enter(path, found);
    }
  }

  #watch(folder: string): FSWatcher {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name !== null) this.#take(join(folder, name));
      });
      watcher.on("error", () => this.#leave(folder));
      return watcher;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new GatewayError(
        "WATCH",
        `${folder} cannot be watched (${code}): the system's limit of watched files may be reached (fs.inotify on Linux).`,
        { cause: error },
      );
    }
  }

  #take(path: string): void {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) this.#leave(path);
    if (!found?.isDirectory()) this.#options.changed(path);
    else if (this.#options.enters(path)) {
      try {
        this.#enter(path, this.#options.changed);
      } catch {
        // It went again, or is one folder too many: what is watched already stays so.
      }
    }
  }

  #leave(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
