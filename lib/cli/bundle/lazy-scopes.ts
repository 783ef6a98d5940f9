// Modules that a process may never need, in functions of their own. esbuild puts what all modules declare into one scope, also
// of those that only import() leads to. V8 keeps the names, places and lengths of all those functions in its code cache, and
// makes objects of them at every start. What stands in a function that was not called costs as much as that one function.

import type * as esbuild from "esbuild";
import { readMappings, type Segment, writeMappings } from "./mappings.ts";

/** Lines of a module in a bundle: all of them where it can wait for its first use, and some where it cannot. */
interface Chunk {
  /** Undefined for what stands above all modules. */
  readonly path: string | undefined;
  readonly from: number;
  readonly to: number;
}

/** A function around a module, along with all modules that nobody can come to but through it. */
interface Scope {
  readonly modules: ReadonlySet<string>;
  /** What gives the module, and runs it when it is first asked for. */
  readonly value: string;
  /** The function's name. */
  readonly name: string;
}

/** A line of a bundle, and where it was; undefined for a new one. */
type Line = readonly [text: string, from: number | undefined];

/** How a module is asked for by import(). */
const IMPORTED =
  /(?<=Promise\.resolve\(\)\.then\(\(\) => (?:__toESM\()?)(?:\((init_[\w$]+)\(\), ([\w$]+_exports\d*)\)|(require_[\w$]+)\(\))/g;

/** Where the function is declared that runs a module when it is first asked for. */
const DECLARED = /(?:^var |, )((?:init|require)_[\w$]+) = __(?:esm|commonJS)\(\{$/;

/** Names that stand for a whole module. */
const OF_MODULES = /\b(?:init|require)_[\w$]+|[\w$]+_exports\d*\b/g;

/**
 * A bundle with each module that only import() leads to in a function. Modules stay where they are that are not written as esbuild
 * is known to write them.
 *
 * @param code as it was made, not shortened
 * @param map the source map of the code
 * @param metafile what esbuild tells of the bundle
 */
export function withLazyScopes(
  code: string,
  map: string,
  metafile: esbuild.Metafile,
): [code: string, map: string] {
  const lines = code.split("\n");
  const facts = JSON.parse(map) as { readonly mappings: string };
  const segments = readMappings(facts.mappings);
  const chunks = chunksOf(lines, segments, metafile);
  const scopes = scopesOf(lines, chunks, metafile);
  const names = new Map([...scopes.values()].map(({ value, name }) => [value, name]));
  const called = lines.map((line) => {
    return line.replace(IMPORTED, (value) => (names.has(value) ? `${names.get(value)}()` : value));
  });
  const placed = place(called, chunks, scopes);
  const mappings = writeMappings(placed.map(([, from = -1]) => segments[from] ?? []));
  return [placed.map(([text]) => text).join("\n"), JSON.stringify({ ...facts, mappings })];
}

/**
 * In front of each part of a module stands its path. A text in the application may look like that, but then what comes behind it
 * is from the same source as what stands in front of it.
 */
function chunksOf(
  lines: readonly string[],
  segments: readonly (readonly Segment[])[],
  { inputs }: esbuild.Metafile,
): Chunk[] {
  const chunks: Chunk[] = [];
  let path: string | undefined;
  let from = 0;
  let source: number | undefined;
  const heads = lines.flatMap((line, at) => {
    const path = line.startsWith("// ") ? line.slice(3) : "";
    return inputs[path] === undefined ? [] : [{ path, at }];
  });
  for (const [index, head] of heads.entries()) {
    const sources = segments
      .slice(head.at, heads[index + 1]?.at)
      .flatMap((line) => line.flatMap(([, source]) => source ?? []));
    const isHead = sources.length === 0 ? lines[head.at + 1]?.startsWith("var ") : sources[0] !== source;
    source = sources.at(-1) ?? source;
    if (!isHead) continue;
    chunks.push({ path, from, to: head.at });
    path = head.path;
    from = head.at;
  }
  return [...chunks, { path, from, to: lines.length }];
}

/** By module, the functions to be made. Each is apart from another one or all inside of it. */
function scopesOf(
  lines: readonly string[],
  chunks: readonly Chunk[],
  metafile: esbuild.Metafile,
): Map<string, Scope> {
  const values = new Map<string, { value: string; names: string[] }>();
  const users = new Map<string, Set<string | undefined>>();
  const runners = new Map<string, string>();
  for (const { path, from, to } of chunks) {
    for (const line of lines.slice(from, to)) {
      const runner = DECLARED.exec(line)?.[1];
      if (path !== undefined && runner !== undefined) runners.set(path, runner);
      for (const [value, init, exports, require] of line.matchAll(IMPORTED)) {
        const names = [init, exports, require].filter((name) => name !== undefined);
        values.set(names[0] ?? "", { value, names });
      }
      for (const [name] of line.replace(IMPORTED, "").matchAll(OF_MODULES)) {
        users.set(name, (users.get(name) ?? new Set()).add(path));
      }
    }
  }
  const scopes: [string, Scope][] = [];
  for (const [path, runner] of runners) {
    const imported = values.get(runner);
    if (imported === undefined) continue;
    const modules = modulesBehind(path, metafile);
    const isOwn = (name: string) => [...(users.get(name) ?? [])].every((user) => modules.has(user ?? ""));
    if (imported.names.every(isOwn))
      scopes.push([path, { modules, value: imported.value, name: `__lazy_${runner}` }]);
  }
  return new Map(scopes.sort(([, one], [, other]) => other.modules.size - one.modules.size));
}

/** A module, and those that the entry cannot come to but through it; none where somebody else needs it itself. */
function modulesBehind(root: string, { inputs, outputs }: esbuild.Metafile): Set<string> {
  const behind = new Set(Object.keys(inputs));
  const entry = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)?.entryPoint ?? "";
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (!behind.delete(path)) continue;
    for (const { path: next, kind } of inputs[path]?.imports ?? []) {
      if (next !== root) waiting.push(next);
      else if (kind !== "dynamic-import") return new Set();
    }
  }
  return behind;
}

/** The modules in their order, those of a function where the module stood that it is called for. */
function place(
  lines: readonly string[],
  chunks: readonly Chunk[],
  scopes: ReadonlyMap<string, Scope>,
): Line[] {
  const owners = new Map<string, string>();
  const parents = new Map<string, string | undefined>();
  for (const [path, { modules }] of scopes) {
    parents.set(path, owners.get(path));
    for (const module of modules) owners.set(module, path);
  }
  const placed = new Set<string>();
  const inside = (scope: string | undefined): Line[] =>
    chunks.flatMap(({ path = "", from, to }) => {
      const own = scopes.get(path);
      if (own !== undefined && path !== scope) {
        if (parents.get(path) !== scope || placed.has(path)) return [];
        placed.add(path);
        const { name, value } = own;
        return [
          [`function ${name}() {`, undefined],
          ...inside(path),
          [`${name} = () => ${value};`, undefined],
          [`return ${name}();`, undefined],
          ["}", undefined],
        ] satisfies Line[];
      }
      if (owners.get(path) !== scope) return [];
      return lines.slice(from, to).map((text, index): Line => [text, from + index]);
    });
  return inside(undefined);
}
