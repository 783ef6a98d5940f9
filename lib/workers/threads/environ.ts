// An environ on its way into a thread. A front end sends the same names with nearly every request, and copying them takes
// longer than copying the values: they are sent when they differ from those of the request before.

import { plainEnviron } from "../../gateway/plain-environ.ts";
import type { Environ } from "../../gateway/types.ts";

type Value = string | number | boolean;

export type PackedEnviron = readonly [
  /** Undefined where they are those of the environ before. */
  names: readonly string[] | undefined,
  values: readonly Value[],
];

/** Packs one environ after the other for the same thread. */
export class EnvironPacker {
  #names: readonly string[] = [];

  /** What can be copied of an environ: strings, numbers and truth values. Other names of `postern.` are made in the thread. */
  pack(someEnviron: Environ): PackedEnviron {
    const environ = plainEnviron(someEnviron);
    const values: Value[] = [];
    let same = true;
    for (const name in environ) {
      if (!isSent(name)) continue;
      const value = environ[name];
      if (!isValue(value)) continue;
      same &&= this.#names[values.length] === name;
      values.push(value);
    }
    if (same && this.#names.length === values.length) return [undefined, values];
    this.#names = namesOf(environ);
    return [this.#names, values];
  }
}

/** Unpacks them in the thread. */
export class EnvironUnpacker {
  #names: readonly string[] = [];

  /** Adds to an environ what was packed. */
  unpack([names = this.#names, values]: PackedEnviron, environ: Environ): void {
    this.#names = names;
    for (let at = 0; at < values.length; at++) environ[names[at] as string] = values[at];
  }
}

function namesOf(environ: Environ): string[] {
  const names: string[] = [];
  for (const name in environ) {
    if (isSent(name) && isValue(environ[name])) names.push(name);
  }
  return names;
}

/** What is made in the thread is not even read here: `postern.signal` would be made for it. */
function isSent(name: string): boolean {
  return !name.startsWith("postern.") || name === "postern.chunked";
}

function isValue(value: unknown): value is Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
