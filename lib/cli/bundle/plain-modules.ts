// Modules without the function that esbuild puts around each one that import() leads to, or that such a module imports. What
// runs along with another module needs none: its code stands where it would have been called. Each such function costs a
// start several objects of V8's code cache, and a few calls.
//
// Where import() or require() leads to a module it keeps its function, which knows whether the module has run, and which
// error it threw. What the start needs has run by the time that anything else does: a start that fails has no second one.

import { type Chunk, IMPORTED, isWhole, type Line } from "./chunks.ts";

/** A module in a function, by the numbers of its lines. */
interface Wrapped {
  readonly path: string;
  /** The function's name. */
  readonly init: string;
  /** Where the function begins: in front of it stands what the module declares. */
  readonly open: number;
  /** The first line inside, behind a directive. */
  readonly first: number;
  /** Where the function ends. */
  readonly close: number;
  /** Whether the function says so: esbuild adds no directive where a source has none. */
  readonly isStrict: boolean;
  readonly needs: readonly Need[];
}

/** A line that runs another module first. */
interface Need {
  readonly line: number;
  readonly init: string;
}

/** esbuild's helper that makes these functions. It has another name where the application has this one. */
const HELPER = "var __esm = ";

const OPEN = /^var (init_[\w$]+) = __esm\(\{$/;
const METHOD = /^ {2}(?:init|".*")\(\) \{$/;
const STRING = /^ {4}(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*');$/;
const DIRECTIVE = '    "use strict";';
const STRICT: readonly Line[] = [[DIRECTIVE, undefined]];
const NEED = /^ *(init_[\w$]+)\(\);$/;

/** The names of what a module exports, in front of all that it does. */
const EXPORTING =
  /^(?:var [\w$]+ = \{\};|__export\([\w$]+, \{| {2}(?:[\w$]+|"(?:[^"\\]|\\.)*"): \(\) => [\w$.]+,?|\}\);)$/;

/** What a module imports, in its order. */
const IMPORTING =
  /^ *(?:init_[\w$]+\(\);|(?:(?:var )?[\w$]+ = )?(?:__toESM\()?require(?:[\w$]+\(\)|\("[^"\\]*"\))(?:, 1)?\)?;|)$/;

/**
 * What has the function itself declare something that is nobody else's: esbuild takes all declarations out of it but those beside
 * a `using`.
 */
const DECLARING = /^ +__callDispose\(|\beval\(/;

const NAME = /\binit_[\w$]+/g;

/** The modules of a bundle, as many of them as can be without a function of their own. */
export class PlainModules {
  readonly #lines: readonly string[];
  /** By the path of a module the one to which only import() leads, and without which nobody comes to it. */
  readonly #owners: ReadonlyMap<string, string>;
  readonly #byChunk = new Map<Chunk, Wrapped>();
  readonly #wrapped: ReadonlyMap<string, Wrapped>;
  /** The names of those whose code stands where they would be called. */
  readonly #plain = new Set<string>();
  /** The names of those that keep their functions, as does all that they need. */
  readonly #kept = new Set<string>();
  /** What stands in place of a line. */
  readonly #replaced = new Map<number, readonly Line[]>();

  constructor(lines: readonly string[], chunks: readonly Chunk[], owners: ReadonlyMap<string, string>) {
    this.#lines = lines;
    this.#owners = owners;
    const starting: Need[] = [];
    for (const chunk of chunks) {
      const module = wrappedModule(lines, chunk);
      if (module === undefined) starting.push(...needsFrom(lines, chunk.from + 1, chunk.to));
      else this.#byChunk.set(chunk, module);
    }
    this.#wrapped = new Map([...this.#byChunk.values()].map((module) => [module.init, module]));
    const [head] = chunks;
    if (!lines.slice(head?.from, head?.to).some((line) => line.startsWith(HELPER))) return;
    const wrapped = [...this.#byChunk.values()];
    const needs = [...starting, ...wrapped.flatMap(({ needs }) => needs)];
    const roots = wrapped.filter(({ path }) => owners.get(path) === path);
    this.#find(starting, undefined);
    for (const root of roots) this.#find(root.needs, root.path);
    this.#keepCalled(needs);
    this.#keepShared();
    for (const { init, line } of needs) if (this.#plain.has(init)) this.#replaced.set(line, []);
    const placed = new Set<string>();
    for (const run of runsOf(starting)) this.#placeAtStart(run, placed);
    for (const root of roots) this.#placeIn(root, placed);
  }

  /** The lines of a chunk as they are to stand in the bundle. */
  linesOf(chunk: Chunk): Line[] {
    const module = this.#byChunk.get(chunk);
    const isPlain = module !== undefined && this.#plain.has(module.init);
    return this.#between(chunk.from, isPlain ? module.open : chunk.to);
  }

  #between(from: number, to: number): Line[] {
    return this.#lines.slice(from, to).flatMap((text, index): readonly Line[] => {
      const line = from + index;
      return this.#replaced.get(line) ?? [[text, line]];
    });
  }

  #find(needs: readonly Need[], owner: string | undefined): void {
    for (const need of needs) {
      const module = this.#along(need, owner);
      if (module === undefined || this.#plain.has(module.init)) continue;
      this.#plain.add(module.init);
      this.#find(module.needs, owner);
    }
  }

  /** What is needed, where it runs at the start, or along with the module through which alone one comes to it. */
  #along({ init }: Need, owner: string | undefined): Wrapped | undefined {
    const module = this.#wrapped.get(init);
    const isAlong = module !== undefined && module.path !== owner && this.#owners.get(module.path) === owner;
    return isAlong ? module : undefined;
  }

  #keep(init: string): void {
    if (this.#kept.has(init)) return;
    this.#kept.add(init);
    this.#plain.delete(init);
    for (const need of this.#wrapped.get(init)?.needs ?? []) this.#keep(need.init);
  }

  /** What is called in another way than by those that need it may be called at any time. */
  #keepCalled(needs: readonly Need[]): void {
    const called = new Map<string, number>();
    const add = (name: string, times: number) => called.set(name, (called.get(name) ?? 0) + times);
    for (const line of this.#lines) {
      for (const [name] of line.matchAll(NAME)) add(name, 1);
      // import() comes later, which is nothing new for what nobody needs.
      for (const [, name = ""] of line.matchAll(IMPORTED)) if (!this.#plain.has(name)) add(name, -1);
    }
    for (const { init } of [...this.#byChunk.values(), ...needs]) add(init, -1);
    for (const [name, times] of called) if (times !== 0) this.#keep(name);
    for (const { init, first, close } of this.#byChunk.values())
      if (this.#lines.slice(first, close).some((line) => DECLARING.test(line))) this.#keep(init);
  }

  /** What others need as well that run later: where the module failed along with which it ran, they call it. */
  #keepShared(): void {
    for (const { path, init, needs } of this.#wrapped.values()) {
      const owner = this.#owners.get(path);
      for (const need of needs) {
        const needed = this.#owners.get(this.#wrapped.get(need.init)?.path ?? "");
        const isAlong = owner === needed && (path === owner || this.#plain.has(init));
        if (needed !== undefined && !isAlong) this.#keep(need.init);
      }
    }
  }

  #placeAtStart(needs: readonly Need[], placed: Set<string>): void {
    const isStrict = this.#place(needs, undefined, placed);
    const [first, ...others] = needs.map(({ line }) => line) as [number, ...number[]];
    if (!needs.some(({ line }) => this.#replaced.get(line)?.length)) return;
    const lines = this.#between(first, first + needs.length);
    this.#replaced.set(first, [["(() => {", first], ...(isStrict ? STRICT : []), ...lines, ["})();", first]]);
    for (const line of others) this.#replaced.set(line, []);
  }

  #placeIn({ needs, path, first, isStrict }: Wrapped, placed: Set<string>): void {
    const makesStrict = this.#place(needs, path, placed) && !isStrict;
    if (makesStrict) this.#replaced.set(first - 1, [[this.#lines[first - 1] ?? "", first - 1], ...STRICT]);
  }

  /**
   * Has modules stand where they are first needed, each behind those that it needs itself.
   *
   * @returns whether one of them is strict. The others, being modules as well, are so in Node itself.
   */
  #place(needs: readonly Need[], owner: string | undefined, placed: Set<string>): boolean {
    let isStrict = false;
    for (const need of needs) {
      const module = this.#plain.has(need.init) ? this.#along(need, owner) : undefined;
      if (module === undefined || placed.has(need.init)) continue;
      placed.add(need.init);
      isStrict = this.#place(module.needs, owner, placed) || module.isStrict || isStrict;
      this.#replaced.set(need.line, this.#between(module.first, module.close));
    }
    return isStrict;
  }
}

/** A module that is written as esbuild is known to write those in functions. */
function wrappedModule(lines: readonly string[], { path, from, to }: Chunk): Wrapped | undefined {
  const own = lines.slice(from, to);
  const open = own.findIndex((line) => OPEN.test(line));
  const end = own.lastIndexOf("});");
  const init = OPEN.exec(own[open] ?? "")?.[1];
  const isKnown =
    METHOD.test(own[open + 1] ?? "") &&
    own[end - 1] === "  }" &&
    own.slice(end + 1).every((line) => line === "") &&
    isWhole(own.slice(0, open));
  if (!isKnown || init === undefined || path === undefined) return undefined;
  const code = own.slice(open + 2, end - 1);
  const directives = code.slice(0, lengthOf(code, STRING));
  const first = from + open + 2 + directives.length;
  const close = from + end - 1;
  return {
    path,
    init,
    open: from + open,
    first,
    close,
    isStrict: directives.includes(DIRECTIVE),
    needs: needsFrom(lines, first, close),
  };
}

/** The modules that are run first where some code begins. */
function needsFrom(lines: readonly string[], from: number, to: number): Need[] {
  const code = lines.slice(from, to);
  return code.slice(0, lengthOf(code, EXPORTING, IMPORTING)).flatMap((line, index) => {
    const init = NEED.exec(line)?.[1];
    return init === undefined ? [] : [{ line: from + index, init }];
  });
}

/** How many lines there are of some kinds before there is another one. */
function lengthOf(lines: readonly string[], ...kinds: readonly RegExp[]): number {
  const length = lines.findIndex((line) => !kinds.some((kind) => kind.test(line)));
  return length === -1 ? lines.length : length;
}

/** Those that stand in successive lines together. */
function runsOf(needs: readonly Need[]): Need[][] {
  const runs: Need[][] = [];
  for (const need of needs) {
    const run = runs.at(-1);
    if (run?.at(-1)?.line === need.line - 1) run.push(need);
    else runs.push([need]);
  }
  return runs;
}
