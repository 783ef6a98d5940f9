// Modules that a process may never need, in functions of their own. esbuild puts what all modules declare into one scope, also
// of those that only import() leads to. V8 keeps the names, places and lengths of all those functions in its code cache, and
// makes objects of them at every start. What stands in a function that was not called costs as much as that one function.

import { decode, encode } from "@jridgewell/sourcemap-codec";
import type * as esbuild from "esbuild";
import { apartHead, apartTail } from "./apart.ts";
import { type Chunk, chunksOf, hasTextOfImport, IMPORTED, type Line } from "./chunks.ts";
import { PlainModules } from "./plain-modules.ts";

/** A function around a module, along with all modules that nobody can come to but through it. */
interface Scope {
  readonly modules: ReadonlySet<string>;
  /** What gives the module, and runs it when it is first asked for. */
  readonly value: string;
  /** The function's name. */
  readonly name: string;
}

/** Where the function is declared that runs a module when it is first asked for. */
const DECLARED = /^var (?:[^ ]+, )*((?:init|require)_[\w$]+) = __(?:esm|commonJS)\(\{$/;

/** How the names of the functions begin. */
const PREFIX = "__lazy_";

/** Names that stand for a whole module. */
const OF_MODULES = /\b(?:init|require)_[\w$]+|[\w$]+_exports\d*\b/g;

/**
 * A bundle with each module that only import() leads to in a function. Modules stay where they are that are not written as esbuild
 * is known to write them.
 *
 * @param code as it was made, not shortened
 * @param map the source map of the code
 * @param metafile what esbuild tells of the bundle
 * @param isApart whether the function of a module, of which it is given the path, is to be marked for {@link parted}
 */
export function withLazyScopes(
  code: string,
  map: string,
  metafile: esbuild.Metafile,
  isApart: (path: string) => boolean = () => false,
): [code: string, map: string] {
  if (code.includes(PREFIX)) return [code, map];
  const lines = code.split("\n");
  const chunks = chunksOf(lines);
  if (hasTextOfImport(lines, chunks)) return [code, map];
  const scopes = scopesOf(lines, chunks, metafile);
  const names = new Map([...scopes.values()].map(({ value, name }) => [value, name]));
  const called = lines.map((line) => {
    return line.replace(IMPORTED, (value) => (names.has(value) ? `${names.get(value)}()` : value));
  });
  const placed = place(called, chunks, scopes, isApart);
  const facts = JSON.parse(map) as { readonly mappings: string };
  const segments = decode(facts.mappings);
  const mappings = encode(placed.map(([, from = -1]) => segments[from] ?? []));
  return [placed.map(([text]) => text).join("\n"), JSON.stringify({ ...facts, mappings })];
}

/** By module, the functions to be made. Each is apart from another one or all inside of it. */
function scopesOf(
  lines: readonly string[],
  chunks: readonly Chunk[],
  metafile: esbuild.Metafile,
): Map<string, Scope> {
  const values = new Map<string, { value: string; names: string[] }>();
  const users: Users = new Map();
  const importers: Users = new Map();
  for (const { path, from, to } of chunks) {
    for (const line of lines.slice(from, to)) {
      for (const [value, init, exports, require] of line.matchAll(IMPORTED)) {
        const names = [init, exports, require].filter((name) => name !== undefined);
        values.set(names[0] ?? "", { value, names });
        for (const name of names) addUser(importers, name, path);
      }
      for (const [name] of line.replace(IMPORTED, "").matchAll(OF_MODULES)) addUser(users, name, path);
    }
  }
  const runners = runnersOf(lines, chunks);
  const scopes: [string, Scope][] = [];
  for (const [root, runner] of runners) {
    const imported = values.get(runner ?? "");
    if (imported === undefined) continue;
    const modules = modulesBehind(root, metafile);
    const areInside = (found: Users, name: string) =>
      [...(found.get(name) ?? [])].every((user) => modules.has(user ?? ""));
    const isOwn = (module: string) => {
      if (!runners.has(module)) return true;
      const name = runners.get(module);
      return name !== undefined && areInside(users, name) && (module === root || areInside(importers, name));
    };
    if (
      modules.has(root) &&
      [...modules].every(isOwn) &&
      imported.names.every((name) => areInside(users, name))
    )
      scopes.push([root, { modules, value: imported.value, name: `${PREFIX}${runner}` }]);
  }
  return new Map(scopes.sort(([, one], [, other]) => other.modules.size - one.modules.size));
}

/** By the name of a module, those in whose code it stands. */
type Users = Map<string, Set<string | undefined>>;

function addUser(users: Users, name: string, user: string | undefined): void {
  users.set(name, (users.get(name) ?? new Set()).add(user));
}

/** What runs each module; undefined for a module that runs at the start, and for one that is not written as is known. */
function runnersOf(lines: readonly string[], chunks: readonly Chunk[]): Map<string, string | undefined> {
  const runners = new Map<string, string | undefined>();
  for (const { path = "", from, to } of chunks) {
    const declared = lines.slice(from, to).flatMap((line) => DECLARED.exec(line)?.[1] ?? []);
    runners.set(path, declared.length === 1 && !runners.has(path) ? declared[0] : undefined);
  }
  return runners;
}

/** A module, and those that the entry cannot come to but through it; none where it is the entry, or somebody else needs it itself. */
function modulesBehind(root: string, metafile: esbuild.Metafile): Set<string> {
  const { inputs, outputs } = metafile;
  const entry = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)?.entryPoint ?? "";
  if (root === entry) return new Set();
  const others = modulesFrom(entry, metafile, root);
  const isNeeded = [...others].some((module) =>
    inputs[module]?.imports.some(({ path, kind }) => path === root && kind !== "dynamic-import"),
  );
  if (isNeeded) return new Set();
  return new Set([...modulesFrom(root, metafile)].filter((module) => !others.has(module)));
}

/** A module, and all that it leads to but through a certain one. */
function modulesFrom(start: string, { inputs }: esbuild.Metafile, without?: string): Set<string> {
  const found = new Set<string>();
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (path === without || found.has(path)) continue;
    const imports = inputs[path]?.imports;
    if (imports === undefined) continue;
    found.add(path);
    waiting.push(...imports.map(({ path }) => path));
  }
  return found;
}

/** The modules in their order, those of a function where the module stood that it is called for. */
function place(
  lines: readonly string[],
  chunks: readonly Chunk[],
  scopes: ReadonlyMap<string, Scope>,
  isApart: (path: string) => boolean,
): Line[] {
  const owners = new Map<string, string>();
  const parents = new Map<string, string | undefined>();
  for (const [path, { modules }] of scopes) {
    parents.set(path, owners.get(path));
    for (const module of modules) owners.set(module, path);
  }
  const modules = new PlainModules(lines, chunks, owners);
  const placed = new Set<string>();
  const inside = (scope: string | undefined): Line[] =>
    chunks.flatMap((chunk): Line[] => {
      const { path = "" } = chunk;
      const own = scopes.get(path);
      if (own !== undefined && path !== scope) {
        if (parents.get(path) !== scope || placed.has(path)) return [];
        placed.add(path);
        const { name, value } = own;
        const body: Line[] = [
          ...inside(path),
          [`${name} = () => ${value};`, undefined],
          [`return ${name}();`, undefined],
        ];
        const apart: Line[] = [
          [`return ${apartHead}() => {`, undefined],
          ...body,
          [`}${apartTail};`, undefined],
        ];
        return [[`function ${name}() {`, undefined], ...(isApart(path) ? apart : body), ["}", undefined]];
      }
      if (owners.get(path) !== scope) return [];
      return modules.linesOf(chunk);
    });
  return inside(undefined);
}
