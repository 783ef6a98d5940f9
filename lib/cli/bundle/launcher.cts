// The end of every script that `postern bundle` makes. It compiles the code that stands in the comment above it, with V8's
// code cache where there is one. Node itself would compile all of the script at every start, and only skips a comment.
//
// Whatever is wrong with the cache, the script runs without it; whatever runs here costs every request of a CGI script.

const {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} = require("node:fs") as typeof import("node:fs");
const { join, resolve } = require("node:path") as typeof import("node:path");
const vm = require("node:vm") as typeof import("node:vm");

declare const BUNDLE: import("./facts.ts").BundleFacts;

/** The function above that has nothing in it but the comment with the code. */
declare const bundled: () => void;

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
/**
 * At the end of a cache, behind the number of its lessons. V8 looks at versions too, but at no more of the code than its length.
 * The first bytes do not outlast what copies files as text, as FTP does, which would change both halves of a cache alike.
 */
const stamp = `\r\n\n\xff ${BUNDLE.id} ${process.version} ${process.arch}`;
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
  // Not read from the file, which may be another one by now.
  const text = String(bundled);
  const code = text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")).replaceAll(BUNDLE.commentEnd, "*/");
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

/**
 * V8 believes what is in a cache, and may crash over one byte that has changed. So the data stand there twice: no digest of
 * them is computed as fast as the halves are compared.
 */
function readCache(): { data: Buffer; lessons: number } | undefined {
  let descriptor: number | undefined;
  try {
    // Where others may write, a link leads to a file of their choice, and a pipe is waited for.
    descriptor = openSync(cachePath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = fstatSync(descriptor);
    if ((mode & WRITABLE_BY_OTHERS) !== 0 || !isTrusted(uid)) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    const end = readSync(descriptor, bytes, 0, size, 0) - stamp.length;
    if (end < 3 || bytes.toString("latin1", end) !== stamp) return undefined;
    const data = bytes.subarray(0, (end - 1) / 2);
    if (!data.equals(bytes.subarray(data.length, end - 1))) return undefined;
    return { data, lessons: (bytes[end - 1] as number) - 0x30 };
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
    const end = Buffer.from(`${Math.min(lessons, 9)}${stamp}`, "latin1");
    writeFileSync(descriptor, Buffer.concat([data, data, end]), { flush: true });
    renameSync(unfinished, cachePath);
  } catch {
    try {
      unlinkSync(unfinished);
    } catch {
      // It is not there, or somebody else's.
    }
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

interface NodesModule {
  (...args: unknown[]): unknown;
  new (...args: unknown[]): object;
  [name: PropertyKey]: unknown;
}

/** Some modules are functions, as node:stream and node:assert are: a bound one, without a `prototype`, can stand for any. */
function lazily(id: string): object {
  let loaded: NodesModule | undefined;
  const all = () => {
    loaded ??= require(id) as NodesModule;
    return loaded;
  };
  return new Proxy(Object.bind(undefined) as unknown as NodesModule, {
    apply: (_target, self, args) => Reflect.apply(all(), self, args),
    construct: (_target, args, newTarget) => Reflect.construct(all(), args, newTarget),
    get: (_target, key) => all()[key],
    set: (_target, key, value) => Reflect.set(all(), key, value),
    has: (_target, key) => key in all(),
    ownKeys: () => Reflect.ownKeys(all()),
    getOwnPropertyDescriptor(_target, key) {
      const found = Object.getOwnPropertyDescriptor(all(), key);
      return found && { ...found, configurable: true };
    },
  });
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
