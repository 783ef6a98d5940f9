// A bundle as esbuild has written it, in its lines: in front of each part of a module stands the module's path.

import { Script } from "node:vm";

/** Lines of a module: all of them where it can wait for its first use, and some where it cannot. */
export interface Chunk {
  /** Undefined for what stands above all modules. */
  readonly path: string | undefined;
  readonly from: number;
  readonly to: number;
}

/** A line of a bundle, and where it was; undefined for a new one. */
export type Line = readonly [text: string, from: number | undefined];

/** The path of a module, and not a note for bundlers. */
const HEAD = /^\/\/ (?![@#]__)(.+)$/;

/** How a module is asked for by import(). */
export const IMPORTED =
  /(?<=Promise\.resolve\(\)\.then\(\(\) => (?:__toESM\()?)(?:\((init_[\w$]+)\(\), ([\w$]+_exports\d*)\)|(require_[\w$]+)\(\))/g;

export function chunksOf(lines: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  let path: string | undefined;
  let from = 0;
  for (const [at, line] of lines.entries()) {
    const next = HEAD.exec(line)?.[1];
    if (next === undefined || !isWhole(lines.slice(from, at))) continue;
    chunks.push({ path, from, to: at });
    path = next;
    from = at;
  }
  return [...chunks, { path, from, to: lines.length }];
}

/**
 * Whether lines of a bundle can be read by themselves. A text in the application may have lines like those of esbuild: what ends
 * before such a line cannot.
 */
export function isWhole(lines: readonly string[]): boolean {
  try {
    new Script(lines.join("\n"));
    return true;
  } catch {
    return false;
  }
}

/** Whether a text in the application is written like an import() of esbuild's. */
export function hasTextOfImport(lines: readonly string[], chunks: readonly Chunk[]): boolean {
  return chunks.some(({ from, to }) => {
    const text = lines.slice(from, to).join("\n");
    // Without it a text can be read as before, and code cannot.
    return [...text.matchAll(IMPORTED)].some(({ 0: value, index }) =>
      isWhole([`${text.slice(0, index)}(${text.slice(index + value.length)}`]),
    );
  });
}
