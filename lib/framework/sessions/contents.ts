// The values of a session during one request, and what has changed of them.

import { Buffer } from "node:buffer";
import { checkKey, isOwnKey, textOf } from "./value-text.ts";

export class SessionContents {
  /** What handlers see: the values as own properties, what the session can do on the prototype. */
  readonly view: object;
  readonly #values: Record<string, unknown>;
  readonly #controls: object;
  /** The texts of what the session keeps for itself. */
  readonly #own = new Map<string, string>();
  /** The texts that the store has, as far as is known here. */
  #stored: ReadonlyMap<string, string> = new Map();
  /** The texts of initial values, of keys that the store lacks. */
  #initial = new Map<string, string>();

  /** @param checkChange - throws where nothing can be changed any more */
  constructor(stored: ReadonlyMap<string, string>, controls: object, checkChange: () => void) {
    this.#controls = controls;
    this.#values = Object.create(controls);
    for (const [key, text] of stored) {
      if (isOwnKey(key)) this.#own.set(key, text);
      else this.#values[key] = JSON.parse(text);
    }
    this.#stored = stored;
    this.view = guard(this.#values, (key) => {
      checkKey(key, controls);
      checkChange();
    });
  }

  /**
   * Gives each key that is missing its initial value.
   *
   * @throws ApplicationError `SESSION_KEY`, `SESSION_VALUE`
   */
  initialise(initial: object): void {
    for (const [key, value] of Object.entries(initial)) {
      if (Object.hasOwn(this.#values, key)) continue;
      checkKey(key, this.#controls);
      const text = textOf(key, value);
      if (text === null) continue;
      this.#initial.set(key, text);
      this.#values[key] = JSON.parse(text);
    }
  }

  /** Forgets everything, what was stored too. */
  clear(): void {
    for (const key of Object.keys(this.#values)) delete this.#values[key];
    this.#own.clear();
    this.#stored = new Map();
    this.#initial.clear();
  }

  /** The text of a key that the session keeps for itself. */
  own(key: string): string | undefined {
    return this.#own.get(key);
  }

  /** The session's own keys that begin so, in their order. */
  ownKeys(prefix: string): string[] {
    return [...this.#own.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  setOwn(key: string, text: string | undefined): void {
    if (text === undefined) this.#own.delete(key);
    else this.#own.set(key, text);
  }

  /** What the store is known to have of a key; else `null`. */
  stored(key: string): string | null {
    return this.#stored.get(key) ?? null;
  }

  /** A value as it is before anything is stored for its key. */
  initial(key: string): unknown {
    const text = this.#initial.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  value(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  /** The store has this text for a key now. */
  settle(key: string, text: string | null): void {
    const stored = new Map(this.#stored);
    if (text === null) {
      stored.delete(key);
      delete this.#values[key];
    } else {
      stored.set(key, text);
      this.#values[key] = JSON.parse(text);
    }
    this.#stored = stored;
  }

  /** The store has all that is here now. */
  settleAll(texts: ReadonlyMap<string, string>): void {
    this.#stored = texts;
  }

  /**
   * The texts of all that is here.
   *
   * @throws ApplicationError `SESSION_VALUE`
   */
  texts(): Map<string, string> {
    const texts = new Map(this.#own);
    for (const [key, value] of Object.entries(this.#values)) {
      const text = textOf(key, value);
      if (text !== null) texts.set(key, text);
    }
    return texts;
  }

  /** What of `texts` is not in the store; initial values that have not changed are not meant. */
  changes(texts: ReadonlyMap<string, string>): Map<string, string | null> {
    const changes = new Map<string, string | null>();
    for (const [key, text] of texts) {
      if (text !== (this.#stored.get(key) ?? this.#initial.get(key))) changes.set(key, text);
    }
    for (const key of this.#stored.keys()) if (!texts.has(key)) changes.set(key, null);
    return changes;
  }

  /** Initial values that are still as they were. */
  untouched(texts: ReadonlyMap<string, string>): Map<string, string> {
    return new Map([...this.#initial].filter(([key, text]) => texts.get(key) === text));
  }
}

/** The bytes of keys and values together. */
export function sizeOf(texts: ReadonlyMap<string, string>): number {
  let size = 0;
  for (const [key, text] of texts) size += Buffer.byteLength(key) + Buffer.byteLength(text);
  return size;
}

function guard(values: Record<string, unknown>, check: (key: string | symbol) => void): object {
  return new Proxy(values, {
    set(target, key, value) {
      check(key);
      return Reflect.defineProperty(target, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
    deleteProperty(target, key) {
      if (Object.hasOwn(target, key)) check(key);
      return Reflect.deleteProperty(target, key);
    },
    defineProperty(target, key, descriptor) {
      check(key);
      return Reflect.defineProperty(target, key, descriptor);
    },
    setPrototypeOf: () => false,
  });
}
