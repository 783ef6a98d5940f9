// The end of every script that `postern bundle` makes. It compiles the code that stands in the comment above it, with V8's
// code cache where there is one. Node itself would compile all of the script at every start, and only skips a comment.
//
// Whatever is wrong with the cache, the script runs without it; whatever runs here costs every request of a CGI script.

const {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} = require("node:fs") as typeof import("node:fs");
const { join, resolve } = require("node:path") as typeof import("node:path");
const vm = require("node:vm") as typeof import("node:vm");

declare const BUNDLE: import("./facts.ts").BundleFacts;

type Wrapper = (
  exports: unknown,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  dirname: string,
  postern: { metaOf(path: string, isEntry: boolean): object },
) => void;

/** Who may read and write others' files may not write a cache: what is in it runs. */
const WRITABLE_BY_OTHERS = 0o022;

/** How often a cache is written anew, about after the 2nd, 4th, 8th … request, to learn which functions requests use. */
const LESSONS = 8;

const folder = resolve(__dirname, BUNDLE.root);
const cachePath = resolve(__dirname, BUNDLE.cache);
/** At the end of a cache, behind the number of its lessons. V8 looks at versions too, but at no more of the code than its length. */
const stamp = ` ${BUNDLE.id} ${process.version} ${process.arch}`;
const script = compile();
const wrapper = script.runInThisContext() as Wrapper;

const { GATEWAY_INTERFACE, REQUEST_METHOD, POSTERN_CODE_CACHE } = process.env;
if (GATEWAY_INTERFACE && REQUEST_METHOD) process.on("exit", endCgi);
Error.prepareStackTrace = traceWithSources;
wrapper.call(exports, exports, lazyRequire(), module, __filename, __dirname, { metaOf });

interface Compiled extends InstanceType<typeof vm.Script> {
  /** How many times the cache was written; -1 where there is none that fits. */
  lessons?: number;
}

function compile(): Compiled {
  const text = readFileSync(__filename, BUNDLE.encoding);
  const begin = text.indexOf("/*") + 2;
  const code = text.slice(begin, text.indexOf("*/", begin)).replaceAll(BUNDLE.commentEnd, "*/");
  const cache = readCache();
  const compiled: Compiled = new vm.Script(code, {
    filename: __filename,
    // The code begins in the third line of the file.
    lineOffset: 2,
    cachedData: cache?.data,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  compiled.lessons = cache === undefined || compiled.cachedDataRejected ? -1 : cache.lessons;
  return compiled;
}

function readCache(): { data: Buffer; lessons: number } | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(cachePath, "r");
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & WRITABLE_BY_OTHERS) !== 0 || !isTrusted(uid)) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    const end = readSync(descriptor, bytes, 0, size, 0) - stamp.length;
    if (end < 2 || bytes.toString("latin1", end) !== stamp) return undefined;
    return { data: bytes.subarray(0, end - 1), lessons: (bytes[end - 1] as number) - 0x30 };
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Only who could have changed the script may have written what is run in its place. */
function isTrusted(uid: number): boolean {
  return uid === process.geteuid?.() || uid === 0 || uid === statSync(__filename).uid;
}

/** The response is out by now. */
function endCgi(): void {
  const { lessons = -1 } = script;
  const isLearning = lessons < LESSONS && Math.random() < 2 ** -lessons;
  if (POSTERN_CODE_CACHE === "write" || (isLearning && POSTERN_CODE_CACHE !== "keep"))
    writeCache(lessons + 1);
  const changed = BUNDLE.sources.find(hasChanged);
  if (changed === undefined) return;
  try {
    writeSync(
      2,
      `postern: ${join(folder, changed[0])} was changed after it was bundled: run postern bundle again\n`,
    );
  } catch {
    // Nobody reads it.
  }
}

/**
 * A folder that this process may not write to is the ordinary case. V8 believes what is in a cache, so it is flushed before
 * it gets its name.
 */
function writeCache(lessons: number): void {
  const unfinished = `${cachePath}.${process.pid}`;
  try {
    const data = script.createCachedData();
    const mode = statSync(__filename).mode & 0o644;
    writeFileSync(unfinished, Buffer.concat([data, Buffer.from(`${Math.min(lessons, 9)}${stamp}`)]), {
      flag: "wx",
      flush: true,
      mode,
    });
    renameSync(unfinished, cachePath);
  } catch {
    rmSync(unfinished, { force: true });
  }
}

/** Copying a project to a host changes the times of its files, and nothing in them. */
function hasChanged([path, mtimeMs, bytes, digest]: (typeof BUNDLE.sources)[number]): boolean {
  const file = join(folder, path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.mtimeMs === mtimeMs) return false;
  if (found.size !== bytes) return true;
  let hash = 0x811c9dc5;
  for (const byte of readFileSync(file)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash !== digest;
}

/** `import.meta` of a module. The entry's also says where the script is that the process was started with. */
function metaOf(path: string, isEntry: boolean): object {
  const { pathToFileURL } = require("node:url") as typeof import("node:url");
  const filename = join(folder, path);
  const url = pathToFileURL(filename).href;
  const meta = {
    url,
    filename,
    dirname: join(filename, ".."),
    resolve: (specifier: string) =>
      /^\.{0,2}\//.test(specifier)
        ? new URL(specifier, url).href
        : pathToFileURL(require("node:module").createRequire(filename).resolve(specifier)).href,
  };
  if (!isEntry) return { ...meta, main: false };
  return { ...meta, main: require.main === module, scriptUrl: pathToFileURL(__filename).href };
}

/** Node's own modules that cost much are loaded when something of them is first used. */
function lazyRequire(): NodeJS.Require {
  const load = (id: string): unknown => (id.startsWith("lazy:") ? lazily(id.slice(5)) : require(id));
  return Object.assign(load, require);
}

function lazily(id: string): object {
  let loaded: Record<PropertyKey, unknown> | undefined;
  const all = () => {
    loaded ??= require(id) as Record<PropertyKey, unknown>;
    return loaded;
  };
  return new Proxy(
    {},
    {
      get: (_target, key) => all()[key],
      has: (_target, key) => key in all(),
      ownKeys: () => Reflect.ownKeys(all()),
      getOwnPropertyDescriptor(_target, key) {
        const found = Object.getOwnPropertyDescriptor(all(), key);
        return found && { ...found, configurable: true };
      },
    },
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
  if (frame.getFileName() !== __filename) return text;
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  const origin = line === null || column === null ? undefined : findSource(line, column);
  return origin === undefined ? text : text.replace(`${__filename}:${line}:${column}`, () => origin);
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
