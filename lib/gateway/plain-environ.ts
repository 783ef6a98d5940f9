import type { Environ } from "./types.ts";

/** Under this name an environ whose values are made when they are read gives one that has them all. */
export const PLAIN: unique symbol = Symbol("plain environ");

/**
 * The same environ as an ordinary object, which has every value: for who goes through all of them. What is changed in one is
 * changed in the other.
 */
export function plainEnviron(environ: Environ): Environ {
  return (environ as { [PLAIN]?: Environ })[PLAIN] ?? environ;
}
