// What a process that answers one request takes over from those before it. A script that `postern bundle` has made keeps such
// values beside V8's code cache, and has them in such a process alone: one that lives on has its own.

/** Values that JSON can tell, by keys that say all that they depend on. */
export interface KeptValues {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

const KEPT = Symbol.for("postern.kept");

/** Undefined where nothing is kept. */
export function keptValues(): KeptValues | undefined {
  return (globalThis as { readonly [KEPT]?: () => KeptValues })[KEPT]?.();
}
