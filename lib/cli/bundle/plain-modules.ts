// Modules without the function that esbuild puts around each one that import() leads to, or that such a module imports. What
// runs along with another module needs none: its code stands where it would have been called. Each such function costs a
// start several objects of V8's code cache, and a few calls.

import { type Chunk, IMPORTED, type Line } from "./chunks.ts";

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
  readonly needs: readonly Need[];
}

/** A line that runs another module first. */
interface Need {
  readonly line: number;
  readonly init: string;
}

const OPEN = /^var (init_[\w$]+) = __esm\(\{$/;
const METHOD = /^ {2}(?:init|".*")\(\) \{$/;
const DIRECTIVE = '    "use strict";';
const NEED = /^ *(init_[\w$]+)\(\);$/;

/** What the code of a module begins with: what it imports, in its order. */
const LEADING =
  /^ *(?:init_[\w$]+\(\);|(?:var )?[\w$]+ = (?:__toESM\()?require[\w$]*\(.*\);|require[\w$]*\(.*\);|)$/;

/** What is declared in the function itself might not stand beside what another module declares there. */
const DECLARATION = /^ {4}(?:var|let|const|class|using|(?:async )?function)\b/;

const NAME = /\binit_[\w$]+/g;

/** The modules of a bundle, as many of them as can be without a function of their own. */
export class PlainModules {
  readonly #lines: readonly string[];
  /** By the path of a module the one to which only import() leads, and without which nobody comes to it. */
  readonly #owners: ReadonlyMap<string, string>;
  readonly #wrapped = new Map<string, Wrapped>();
  /** The names of those whose code stands where they would be called. */
  readonly #plain = new Set<string>();
  /** What stands in place of a line. */
  readonly #replaced = new Map<number, readonly Line[]>();

  constructor(lines: readonly string[], chunks: readonly Chunk[], owners: ReadonlyMap<string, string>) {
    this.#lines = lines;
    this.#owners = owners;
    const starting: Need[][] = [];
    for (const chunk of chunks) {
      const module = wrappedModule(lines, chunk);
      if (module === undefined) starting.push(...runsOf(needsFrom(lines, chunk.from + 1, chunk.to)));
      else this.#wrapped.set(module.init, module);
    }
    const wrapped = [...this.#wrapped.values()];
    const needs = [...starting.flat(), ...wrapped.flatMap(({ needs }) => needs)];
    const bound = this.#bound(needs);
    const roots = wrapped.filter(({ path }) => owners.get(path) === path);
    this.#findPlain(starting.flat(), undefined, bound);
    for (const root of roots) this.#findPlain(root.needs, root.path, bound);
    for (const { init, line } of needs) if (this.#plain.has(init)) this.#replaced.set(line, []);
    const placed = new Set<string>();
    for (const run of starting) this.#placeAtStart(run, placed);
    for (const root of roots) this.#place(root.needs, root.path, placed);
  }

  /** The lines of a chunk as they are to stand in the bundle. */
  linesOf(chunk: Chunk): Line[] {
    const module = wrappedModule(this.#lines, chunk);
    const isPlain = module !== undefined && this.#plain.has(module.init);
    return this.#between(chunk.from, isPlain ? module.open : chunk.to);
  }

  #between(from: number, to: number): Line[] {
    return this.#lines.slice(from, to).flatMap((text, index): readonly Line[] => {
      const line = from + index;
      return this.#replaced.get(line) ?? [[this.#withoutCalls(text), line]];
    });
  }

  /** What import() leads to has run by then. */
  #withoutCalls(text: string): string {
    return text.replace(IMPORTED, (value: string, init?: string, exports?: string) => {
      return init !== undefined && exports !== undefined && this.#plain.has(init) ? exports : value;
    });
  }

  /**
   * Modules that keep their functions, as does all that they need: what is called in a way that is not known here, and so at any
   * time, and what declares something in its function, which might be taken for what others mean by that name.
   */
  #bound(needs: readonly Need[]): Set<string> {
    const unknown = new Map<string, number>();
    const add = (name: string, times: number) => unknown.set(name, (unknown.get(name) ?? 0) + times);
    for (const line of this.#lines) {
      for (const [name] of line.matchAll(NAME)) add(name, 1);
      for (const [, name] of line.matchAll(IMPORTED)) if (name !== undefined) add(name, -1);
    }
    for (const { init } of [...this.#wrapped.values(), ...needs]) add(init, -1);
    for (const { init, first, close } of this.#wrapped.values())
      if (this.#lines.slice(first, close).some((line) => DECLARATION.test(line))) add(init, 1);
    const bound = new Set<string>();
    const waiting = [...unknown].flatMap(([name, times]) => (times === 0 ? [] : [name]));
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (bound.has(name)) continue;
      bound.add(name);
      waiting.push(...(this.#wrapped.get(name)?.needs ?? []).map(({ init }) => init));
    }
    return bound;
  }

  #findPlain(needs: readonly Need[], owner: string | undefined, bound: ReadonlySet<string>): void {
    const waiting = [...needs];
    for (let need = waiting.pop(); need !== undefined; need = waiting.pop()) {
      const module = this.#along(need, owner);
      if (module === undefined || bound.has(module.init) || this.#plain.has(module.init)) continue;
      this.#plain.add(module.init);
      waiting.push(...module.needs);
    }
  }

  /** What is needed, where it runs at the start, or along with the module through which alone one comes to it. */
  #along({ init }: Need, owner: string | undefined): Wrapped | undefined {
    const module = this.#wrapped.get(init);
    const isAlong = module !== undefined && module.path !== owner && this.#owners.get(module.path) === owner;
    return isAlong ? module : undefined;
  }

  /** What is needed at the start stands in a function as strict as those in which it was. */
  #placeAtStart(needs: readonly Need[], placed: Set<string>): void {
    this.#place(needs, undefined, placed);
    const [first, ...others] = needs.map(({ line }) => line) as [number, ...number[]];
    if (!needs.some(({ line }) => this.#replaced.get(line)?.length)) return;
    const lines = this.#between(first, first + needs.length);
    this.#replaced.set(first, [
      ["(() => {", undefined],
      [DIRECTIVE, undefined],
      ...lines,
      ["})();", undefined],
    ]);
    for (const line of others) this.#replaced.set(line, []);
  }

  /** Has modules stand where they are first needed, each behind those that it needs itself. */
  #place(needs: readonly Need[], owner: string | undefined, placed: Set<string>): void {
    for (const need of needs) {
      const module = this.#along(need, owner);
      if (module === undefined || !this.#plain.has(need.init) || placed.has(need.init)) continue;
      placed.add(need.init);
      this.#place(module.needs, owner, placed);
      this.#replaced.set(need.line, this.#between(module.first, module.close));
    }
  }
}

/** A module that is written as esbuild is known to write those in functions. */
function wrappedModule(lines: readonly string[], { path, from, to }: Chunk): Wrapped | undefined {
  const own = lines.slice(from, to);
  const open = own.findIndex((line) => OPEN.test(line));
  const end = own.lastIndexOf("});");
  const isKnown =
    path !== undefined &&
    METHOD.test(own[open + 1] ?? "") &&
    own[end - 1] === "  }" &&
    own.slice(end + 1).every((line) => line === "") &&
    !own.slice(open + 1).some((line) => OPEN.test(line));
  const init = OPEN.exec(own[open] ?? "")?.[1];
  if (!isKnown || init === undefined) return undefined;
  const first = from + open + (own[open + 2] === DIRECTIVE ? 3 : 2);
  const close = from + end - 1;
  return { path, init, open: from + open, first, close, needs: needsFrom(lines, first, close) };
}

/** The modules that are run first where some code begins. */
function needsFrom(lines: readonly string[], from: number, to: number): Need[] {
  const code = lines.slice(from, to);
  const length = code.findIndex((line) => !LEADING.test(line));
  return code.slice(0, length === -1 ? code.length : length).flatMap((line, index) => {
    const init = NEED.exec(line)?.[1];
    return init === undefined ? [] : [{ line: from + index, init }];
  });
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
