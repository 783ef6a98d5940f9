import { checkOptions } from "../../../gateway/option-names.ts";
import type { SessionChanges, SessionStore, SessionValues, StoredSession } from "../store.ts";
import { setText } from "../values-json.ts";

export interface MemoryStoreOptions {
  /**
   * Sessions that are kept at most. Past it the one that has been unused for longest goes.
   *
   * @defaultValue `10_000`
   */
  maxSessions?: number;
}

/**
 * Keeps sessions in this process: gone when it ends, and unknown to every other process and thread. For development, tests and
 * servers of one process.
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  checkOptions("memoryStore()", options, { maxSessions: true });
  return new MemoryStore(options.maxSessions ?? 10_000);
}

interface Entry {
  readonly values: Map<string, string>;
  readonly expiresAt: number;
}

class MemoryStore implements SessionStore {
  readonly inProcess = true;
  readonly #maxSessions: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const entry = this.#find(id);
    if (entry === undefined) return undefined;
    return { values: new Map(entry.values), remainingMs: entry.expiresAt - performance.now() };
  }

  async create(id: string, values: SessionValues, lifetimeMs: number): Promise<void> {
    this.#put(id, new Map(values), lifetimeMs);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxSessions) return;
      this.#entries.delete(oldest);
    }
  }

  async merge(id: string, changes: SessionChanges, lifetimeMs: number): Promise<boolean> {
    const entry = this.#find(id);
    if (entry === undefined) return false;
    for (const [key, text] of changes) setText(entry.values, key, text);
    this.#put(id, entry.values, lifetimeMs);
    return true;
  }

  async replace(
    id: string,
    key: string,
    before: string | null,
    after: string | null,
    lifetimeMs: number,
  ): Promise<boolean> {
    const entry = this.#find(id);
    if (entry === undefined || (entry.values.get(key) ?? null) !== before) return false;
    setText(entry.values, key, after);
    this.#put(id, entry.values, lifetimeMs);
    return true;
  }

  async rename(id: string, newId: string): Promise<boolean> {
    const entry = this.#find(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    this.#entries.set(newId, entry);
    return true;
  }

  async delete(id: string): Promise<void> {
    this.#entries.delete(id);
  }

  async cleanUp(): Promise<void> {
    for (const id of this.#entries.keys()) this.#find(id);
  }

  #find(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.expiresAt > performance.now()) return entry;
    this.#entries.delete(id);
    return undefined;
  }

  #put(id: string, values: Map<string, string>, lifetimeMs: number): void {
    this.#entries.delete(id);
    this.#entries.set(id, { values, expiresAt: performance.now() + lifetimeMs });
  }
}
