// One script out of an application: esbuild's bundle, and around it what makes it start fast.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type * as esbuild from "esbuild";
import { APART, type Parted, parted } from "./apart.ts";
import { digest } from "./digest.ts";
import type { LauncherFacts, RuntimeFacts } from "./facts.ts";
import { importMeta, META } from "./import-meta.ts";
import { withLazyScopes } from "./lazy-scopes.ts";
import { nameOfImport, withOuterImports } from "./outer-imports.ts";
import { lazyBuiltins, optionalPackages, withoutTesting } from "./own-modules.ts";
import { COMMENT_END, codeEnd, commented, runtimePart, scriptHead, UNNAMED } from "./script-text.ts";

export interface BundleOptions {
  /** The module to start with; links to it are followed. */
  readonly entry: string;
  /** The script to write; links to it are followed, as Node follows them. */
  readonly script: string;
  /** Its first line. */
  readonly shebang: string;
  /** Where the entry's folder is when the script runs, from the script's own folder. */
  readonly root: string | undefined;
  /** Where the code cache is kept, from the script's own folder. */
  readonly cache: string | undefined;
  /** Packages that are not to be put into the script. */
  readonly external: readonly string[];
  /** Shortens the code: half of what has to be read. */
  readonly minify: boolean;
}

export interface Bundled {
  readonly scriptBytes: number;
  readonly cachePath: string;
  /** Files that modules name with `new URL("…", import.meta.url)` and that are there, and not where the script will look. */
  readonly missing: readonly string[];
}

/** Where postern's own modules are, in a clone too. */
const ownModules = fileURLToPath(new URL("../../", import.meta.url));

/** The one that leads to all servers that listen. */
const serveModules = ["serve.ts", "serve.js"].map((name) => join(ownModules, name));

const loader = { ".cgi": "js" } as const;

/** What a module does that serves by itself: `app.run(import.meta)`, a server of its own, `run()` or `serve()`. */
const SERVES = /\.run\s*\(\s*import\s*\.\s*meta\b|\bnew\s+WSGIServer\s*\(|\bfrom\s*["']postern\/server["']/;

/** What all code is made for. */
const platform = { platform: "node", format: "cjs", target: "node20", charset: "ascii" } as const;

/** What esbuild is asked for. The result is not written: see {@link writeBundle}. */
export function buildOptions({ buildSync }: typeof esbuild, options: BundleOptions): esbuild.BuildOptions {
  const { entry, script } = options;
  const root = dirname(entry);
  const shown = basename(entry);
  const serveExported = fileURLToPath(new URL("serve-exported", import.meta.url));
  return {
    stdin: {
      contents: isToBeServed(buildSync, entry)
        ? `import * as exported from ${JSON.stringify(entry)};
           import { serveExported } from ${JSON.stringify(serveExported)};
           serveExported(exported, ${JSON.stringify(shown)});`
        : `import ${JSON.stringify(entry)};`,
      resolveDir: root,
      sourcefile: "postern-bundle",
    },
    outfile: script,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    ...platform,
    legalComments: "none",
    logLevel: "silent",
    // An application's classes and functions may be known by their names.
    keepNames: true,
    sourcemap: "external",
    sourcesContent: false,
    resolveExtensions: [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".json"],
    loader,
    external: [...options.external],
    define: { "import.meta": META },
    plugins: [lazyBuiltins, withoutTesting, optionalPackages, importMeta(root, entry)],
  };
}

/** Whether a module exports something, and does not serve it by itself. */
function isToBeServed(buildSync: typeof esbuild.buildSync, entry: string): boolean {
  const { metafile, outputFiles } = buildSync({
    entryPoints: [entry],
    outdir: "/",
    write: false,
    metafile: true,
    format: "esm",
    legalComments: "none",
    logLevel: "silent",
    loader,
  });
  // Comments and types are gone, which may speak of a server that the module does not start.
  if (SERVES.test(outputFiles[0]?.text ?? "")) return false;
  const text = readFileSync(entry, "utf8");
  if (/\b(?:module\.)?exports\b/.test(text)) return true;
  const exported = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
  // esbuild makes a default export of whatever a CommonJS module has, also of nothing.
  return exported.some((name) => name !== "default" || /\bdefault\b/.test(text));
}

/**
 * Writes the script and its source map into a folder that is there. The script appears whole: a request meets the old one
 * or the new one.
 *
 * @param result what esbuild made of {@link buildOptions}
 */
export async function writeBundle(
  { buildSync }: typeof esbuild,
  result: esbuild.BuildResult,
  options: BundleOptions,
): Promise<Bundled> {
  const folder = dirname(options.script);
  const root = options.root ?? relative(folder, dirname(options.entry));
  const importing = nameOfImport(codeAndMap(result).code);
  const head = scriptHead(options.shebang, basename(options.entry), importing);
  const { code, map, apart } = finished(buildSync, result, head, importing, options);
  const inputs = Object.keys(result.metafile?.inputs ?? {});
  const sources = inputs
    .filter((input) => !/(^|\/)node_modules\/|^[\w-]+:|^postern-bundle$/.test(input))
    .map((input) => resolve(dirname(options.entry), input))
    .filter((path) => !path.startsWith(ownModules));
  const servers = `${basename(options.script)}.servers`;
  const facts: RuntimeFacts = {
    map: `${basename(options.script)}.map`,
    lines: code.split("\n").length,
    servers: apart === undefined ? null : [servers, digest(Buffer.from(apart))],
    root: root === "" ? "." : root,
    sources: sources.map((path) => sourceFacts(path, dirname(options.entry))),
  };
  const body = code.slice(head.length) + runtimePart(part(buildSync, "runtime", facts));
  const launcher: LauncherFacts = {
    id: createHash("sha256").update(body).digest("hex").slice(0, 32),
    cache: options.cache ?? `${basename(options.script)}.cache`,
    commentEnd: COMMENT_END,
  };
  const text = `${head}${commented(body)}${codeEnd}${part(buildSync, "launcher", launcher)}`;
  replaceFile(join(folder, facts.map), map, 0o644);
  if (apart === undefined) rmSync(join(folder, servers), { force: true });
  else replaceFile(join(folder, servers), apart, 0o644);
  replaceFile(options.script, text, 0o755);
  return {
    scriptBytes: Buffer.byteLength(text),
    cachePath: resolve(folder, launcher.cache),
    missing: missingFiles(sources, resolve(folder, facts.root), dirname(options.entry)),
  };
}

/** The modules as they stand in the script, behind its head, those that stand apart from it, and the source map. */
function finished(
  buildSync: typeof esbuild.buildSync,
  result: esbuild.BuildResult,
  head: string,
  importing: string,
  { entry, script, minify }: BundleOptions,
): Parted {
  const made = codeAndMap(result);
  const { metafile = { inputs: {}, outputs: {} } } = result;
  const [code, map] = withLazyScopes(
    withoutOwnNames(made.code, metafile, dirname(entry)),
    made.map,
    metafile,
    (path) => !made.code.includes(APART) && serveModules.includes(resolve(dirname(entry), path)),
  );
  const finished = buildSync({
    stdin: {
      contents: `${withOuterImports(code, importing)}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString("base64")}`,
      loader: "js",
      sourcefile: script,
    },
    outfile: script,
    write: false,
    ...platform,
    minify,
    treeShaking: true,
    pure: [UNNAMED],
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    logLevel: "silent",
    banner: { js: head },
  });
  const { code: whole, map: wholeMap } = codeAndMap(finished);
  return parted(whole, wholeMap);
}

function codeAndMap({ outputFiles = [] }: esbuild.BuildResult): { code: string; map: string } {
  const [map, code] = [true, false].map((isMap) =>
    outputFiles.find(({ path }) => path.endsWith(".map") === isMap),
  );
  if (code === undefined || map === undefined) throw new Error("esbuild has made no script");
  return { code: code.text, map: map.text };
}

/**
 * What esbuild has made, where postern's own functions are not told their names: each costs a start more than the function
 * itself, and nobody asks for them but for those of errors. A class or function of the application may be known by its name.
 */
function withoutOwnNames(code: string, metafile: esbuild.Metafile, root: string): string {
  let isOwn = false;
  return withoutMethodNames(code)
    .split("\n")
    .map((line) => {
      // In front of each module stands its path.
      const input = line.startsWith("// ") ? line.slice(3) : "";
      if (input !== "" && metafile.inputs[input] !== undefined)
        isOwn = resolve(root, input).startsWith(ownModules);
      return isOwn ? line.replaceAll(NAMED, `${UNNAMED}(`) : line;
    })
    .join("\n");
}

/** Where a function or class is told its name. An error is known by that of its class. */
const NAMED = /\b__name\((?!this, "\w*Error"\))/g;

/**
 * In esbuild's helper that runs a module when it is first needed: its only method, whose name is the module's path. To look for
 * that costs as much as to call it.
 */
const METHOD = "fn[__getOwnPropNames(fn)[0]]";
const MODULE = / = __esm\(\{\n/g;
const MODULE_METHOD = /( = __esm\(\{\n {2})".*"(\(\) \{)$/gm;

/** The same with methods of one name; left as it is where an esbuild writes it in another way. */
function withoutMethodNames(text: string): string {
  const isKnown = text.includes(METHOD) && text.match(MODULE)?.length === text.match(MODULE_METHOD)?.length;
  return isKnown ? text.replace(METHOD, "fn.init").replace(MODULE_METHOD, "$1init$2") : text;
}

function sourceFacts(path: string, folder: string): RuntimeFacts["sources"][number] {
  const { mtimeMs, size } = statSync(path);
  return [relative(folder, path), mtimeMs, size, digest(readFileSync(path))];
}

/** One of postern's own parts of a script, with what it is told. */
function part(
  buildSync: typeof esbuild.buildSync,
  name: "launcher" | "runtime",
  facts: LauncherFacts | RuntimeFacts,
): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    // esbuild finds the source as well as what was built of it.
    resolveExtensions: [".mjs", ".mts", ".cjs", ".cts"],
    bundle: true,
    write: false,
    outfile: "part.js",
    ...platform,
    minify: true,
    legalComments: "none",
    define: Object.fromEntries(
      Object.entries(facts).map(([name, fact]) => [`BUNDLE.${name}`, JSON.stringify(fact)]),
    ),
  });
  return outputFiles[0]?.text ?? "";
}

/** Files that are looked for beside a module, and are not where the script will look for them. */
function missingFiles(sources: readonly string[], root: string, folder: string): string[] {
  const missing: string[] = [];
  for (const source of sources) {
    if (extname(source) === ".json") continue;
    const text = readFileSync(source, "utf8");
    for (const [, name = ""] of text.matchAll(/new URL\(\s*["'`]([^"'`$:]+)["'`]\s*,\s*import\.meta\.url/g)) {
      const place = resolve(root, relative(folder, dirname(source)), name);
      // What is not beside the module either is made when it is first used, such as a folder for data.
      if (isThere(resolve(dirname(source), name)) && !isThere(place)) missing.push(place);
    }
  }
  return missing;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function replaceFile(path: string, text: string, mode: number): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    writeFileSync(unfinished, text, { flag: "wx", mode });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
