// Beside the application's code in every script that `postern bundle` makes: what modules of a bundle call, and what is done
// behind the response. It is in the code cache, so that Node need not compile it.

import { digest } from "./digest.ts";
import { KeptValues } from "./kept-values.mts";

const fs = process.getBuiltinModule("node:fs");
const { openSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync, writeSync } = fs;
const { join, resolve } = process.getBuiltinModule("node:path");

declare const BUNDLE: import("./facts.ts").RuntimeFacts;
declare const application: Application;
declare const launch: Launch;

/** The modules of the application, bundled. */
export type Application = (
  exports: unknown,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  dirname: string,
  postern: { metaOf(path: string, isEntry: boolean): object },
  unnamed: <Value>(value: Value) => Value,
  load: Launch["load"],
  apart: typeof runApart,
) => void;

/** The function that has this file in it. */
export type Runtime = (
  exports: unknown,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  dirname: string,
  application: Application,
  launch: Launch,
) => void;

/** What the launcher knows. */
export interface Launch {
  /** All of the code. */
  readonly script: import("node:vm").Script;
  readonly cachePath: string;
  /** What stands at the end of a cache of this code. */
  readonly stamp: string;
  /** What was kept beside V8's data; undefined where there is no cache that fits. */
  readonly kept: Uint8Array | undefined;
  /** How many times the cache was written; -1 where there is none that fits. */
  readonly lessons: number;
  /** import() of what is not in the script: Node knows nothing of code from a cache. */
  readonly load: (specifier: string, options: ImportCallOptions) => Promise<unknown>;
}

/** How often a cache is written anew, about after the 2nd, 4th, 8th … request, to learn which functions requests use. */
const LESSONS = 8;

const folder = resolve(__dirname, BUNDLE.root);
const { script, cachePath, stamp, lessons, load } = launch;
let kept: KeptValues | undefined;
const { GATEWAY_INTERFACE, REQUEST_METHOD, POSTERN_CODE_CACHE } = process.env;
const isCgi = Boolean(GATEWAY_INTERFACE && REQUEST_METHOD);
if (isCgi) {
  Object.assign(globalThis, { [Symbol.for("postern.kept")]: keptValues });
  process.on("exit", endCgi);
  process.on("beforeExit", exitAtOnce);
}
Error.prepareStackTrace = traceWithSources;
application.call(
  exports,
  exports,
  lazyRequire(),
  module,
  __filename,
  __dirname,
  { metaOf },
  (value) => value,
  load,
  runApart,
);

function keptValues(): KeptValues {
  kept ??= new KeptValues(launch.kept);
  return kept;
}

/** Nothing is left to be done. An ordinary end takes apart all that V8 has made, which the kernel does faster by itself. */
function exitAtOnce(): void {
  if (process.listenerCount("beforeExit") === 1) process.exit();
}

/** The response is out by now. */
function endCgi(): void {
  const isTold = POSTERN_CODE_CACHE === "write" || POSTERN_CODE_CACHE === "anew";
  const isLearning = (lessons < LESSONS || kept?.hasNew) && Math.random() < 2 ** -Math.min(lessons, LESSONS);
  if (isTold || (isLearning && POSTERN_CODE_CACHE !== "keep")) writeCache(lessons + 1);
  try {
    const changed = BUNDLE.sources.find(hasChanged);
    if (changed === undefined) return;
    writeSync(
      2,
      `postern: ${join(folder, changed[0])} was changed after it was bundled: run postern bundle again\n`,
    );
  } catch {
    // Sources may be where this process may not look, and a log may have no reader.
  }
}

/** V8 believes what is in a cache, so it is flushed before it gets its name. */
function writeCache(lessons: number): void {
  const unfinished = `${cachePath}.${process.pid}`;
  try {
    // Before the data are made, which costs much: a folder that this process may not write to is the ordinary case.
    const descriptor = openSync(unfinished, "wx", statSync(__filename).mode & 0o644);
    const data = script.createCachedData();
    const text = keptValues().text();
    const half = Buffer.concat([
      data,
      Buffer.from(`${text}${String(text.length).padStart(6, "0")}`, "latin1"),
    ]);
    const end = Buffer.from(`${Math.min(lessons, 9)}${stamp}`, "latin1");
    writeFileSync(descriptor, Buffer.concat([half, half, end]), { flush: true });
    renameSync(unfinished, cachePath);
  } catch {
    try {
      unlinkSync(unfinished);
    } catch {
      // It is not there, or somebody else's.
    }
  }
}

/**
 * Copying a project to a host changes the times of its files, and nothing in them. Their paths are not put in order: Node would have
 * to compile what does that.
 */
function hasChanged([path, mtimeMs, bytes, known]: (typeof BUNDLE.sources)[number]): boolean {
  const file = `${folder}/${path}`;
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.mtimeMs === mtimeMs) return false;
  return found.size !== bytes || digest(readFileSync(file)) !== known;
}

/** `import.meta` of a module. The entry's also says where the script is that the process was started with. */
function metaOf(path: string, isEntry: boolean): object {
  const filename = join(folder, path);
  const url = urlOf(filename);
  const meta = {
    url,
    filename,
    dirname: join(filename, ".."),
    resolve: (specifier: string) =>
      /^\.{0,2}\//.test(specifier)
        ? new URL(specifier, url).href
        : urlOf(require("node:module").createRequire(filename).resolve(specifier)),
  };
  if (!isEntry) return { ...meta, main: false };
  return { ...meta, main: require.main === module, scriptUrl: urlOf(__filename) };
}

/** Of a path in which nothing has to be encoded, as nearly every one is, without what Node compiles for the others. */
function urlOf(path: string): string {
  if (/^\/[\w./-]+$/.test(path)) return `file://${path}`;
  return (require("node:url") as typeof import("node:url")).pathToFileURL(path).href;
}

/**
 * Node's own modules that cost much are loaded when something of them is first used. require() is called for none of them: Node
 * would have to compile it, and what it does for import().
 */
function lazyRequire(): NodeJS.Require {
  const lazy = (id: string): unknown =>
    id.startsWith("lazy:") ? lazily(id.slice(5)) : (process.getBuiltinModule(id) ?? require(id));
  return Object.assign(lazy, require);
}

/**
 * Runs what stands in a file of its own where the script has been divided; otherwise it is given that itself.
 *
 * @param run makes a function of its text; or is that function
 */
function runApart(run: (text?: string) => unknown): unknown {
  if (BUNDLE.servers === null) return run();
  const [name, known] = BUNDLE.servers;
  const path = resolve(__dirname, name);
  const bytes = fs.existsSync(path) ? readFileSync(path) : undefined;
  if (bytes === undefined || digest(bytes) !== known) {
    const what = bytes === undefined ? "is not there" : `does not belong to ${__filename}`;
    const text = `${path} ${what}: it has all servers but that for CGI, so copy it along with the script, or run postern bundle again`;
    throw Object.assign(new Error(text), { code: "BUNDLE_SERVERS" });
  }
  return (run(`${bytes.toString("latin1")}\n//# sourceURL=${urlOf(path)}`) as () => unknown)();
}

interface NodesModule {
  (...args: unknown[]): unknown;
  new (...args: unknown[]): object;
  [name: PropertyKey]: unknown;
}

/** Some modules are functions, as node:stream and node:assert are: a bound one, without a `prototype`, can stand for any. */
function lazily(id: string): object {
  let loaded: NodesModule | undefined;
  const all = () => {
    loaded ??= process.getBuiltinModule(id) as unknown as NodesModule;
    return loaded;
  };
  return new Proxy(Object.bind(undefined) as unknown as NodesModule, {
    apply: (_target, self, args) => Reflect.apply(all(), self, args),
    construct: (_target, args, newTarget) => Reflect.construct(all(), args, newTarget),
    get(_target, key) {
      // Once it is loaded it may have been changed, and there is nothing left to spare.
      const isSpared = id === "node:fs/promises" && isCgi && loaded === undefined;
      return (isSpared && atOnce(key, all)) || all()[key];
    },
    set: (_target, key, value) => Reflect.set(all(), key, value),
    has: (_target, key) => key in all(),
    ownKeys: () => Reflect.ownKeys(all()),
    getOwnPropertyDescriptor(_target, key) {
      const found = Object.getOwnPropertyDescriptor(all(), key);
      return found && { ...found, configurable: true };
    },
  });
}

/**
 * What a process that has nothing else to do may as well ask the file system at once: node:fs/promises costs a start more than
 * many small files. What fails there, or is more than a plain question, is done by that module nonetheless.
 */
function atOnce(name: PropertyKey, all: () => NodesModule): unknown {
  const question = questionOf(name);
  if (question === undefined) return undefined;
  return async (...args: never[]) => {
    if (isPlain(args)) {
      try {
        const answer = question(...args);
        if (answer !== undefined || name === "access" || name === "mkdir") return answer;
      } catch {
        // The module says it in its own words.
      }
    }
    return (all()[name] as (...args: unknown[]) => unknown)(...args);
  };
}

/** A function that answers at once as that of node:fs/promises does later, or not at all: with undefined. */
function questionOf(name: PropertyKey): ((...args: never[]) => unknown) | undefined {
  switch (name) {
    case "access":
      return fs.accessSync;
    case "lstat":
      return fs.lstatSync;
    case "mkdir":
      return fs.mkdirSync;
    case "readdir":
      return readFolder;
    case "readFile":
      return readPlainFile;
    case "realpath":
      return fs.realpathSync.native;
    case "stat":
      return fs.statSync;
    default:
      return undefined;
  }
}

/** node:fs/promises goes through the folders in a folder in another order. */
function readFolder(path: string, options?: { readonly recursive?: boolean } | null): unknown {
  return options?.recursive ? undefined : fs.readdirSync(path, options as object);
}

/** A pipe would be waited for. */
function readPlainFile(path: string, options?: object): unknown {
  return statSync(path).isFile() ? readFileSync(path, options) : undefined;
}

/** A path, and options without a signal. */
function isPlain([path, ...options]: readonly unknown[]): boolean {
  const isPath = typeof path === "string" || path instanceof URL || path instanceof Uint8Array;
  return (
    isPath &&
    options.every((option) => typeof option !== "object" || option === null || !("signal" in option))
  );
}

let map: import("node:module").SourceMap | null | undefined;

/** Names the places in the sources where the map beside the script tells them. */
function traceWithSources(error: Error, frames: NodeJS.CallSite[]): string {
  let head: string;
  try {
    head = Error.prototype.toString.call(error);
  } catch {
    head = "Error";
  }
  return [head, ...frames.map((frame) => `    at ${sourceFrame(frame)}`)].join("\n");
}

function sourceFrame(frame: NodeJS.CallSite): string {
  const text = String(frame);
  const [file, line, column] = [
    frame.getScriptNameOrSourceURL(),
    frame.getLineNumber(),
    frame.getColumnNumber(),
  ];
  if (line === null || column === null) return text;
  const isApart = BUNDLE.servers !== null && file === urlOf(resolve(__dirname, BUNDLE.servers[0]));
  if (!isApart && (file !== __filename || line > BUNDLE.lines)) return text;
  const origin = findSource(isApart ? BUNDLE.lines + line : line, column);
  return origin === undefined ? text : text.replace(`${file}:${line}:${column}`, () => origin);
}

function findSource(line: number, column: number): string | undefined {
  if (map === undefined) {
    try {
      const { SourceMap } = require("node:module") as typeof import("node:module");
      map = new SourceMap(JSON.parse(readFileSync(resolve(__dirname, BUNDLE.map), "utf8")));
    } catch {
      map = null;
    }
  }
  const entry = map?.findEntry(line - 1, column - 1);
  if (entry === undefined || !("originalSource" in entry)) return undefined;
  return `${resolve(__dirname, entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
