// One script out of an application: esbuild's bundle, and around it what makes it start fast.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type * as esbuild from "esbuild";
import type { BundleFacts } from "./facts.ts";
import { importMeta, META } from "./import-meta.ts";
import { lazyBuiltins, optionalPackages, withoutTesting } from "./own-modules.ts";
import { COMMENT_END, codeEnd, commented, digest, scriptHead } from "./script-text.ts";

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
  /** Files that modules name with `new URL("…", import.meta.url)` and that are not there seen from the script. */
  readonly missing: readonly string[];
}

/** Where postern's own modules are, in a clone too. */
const ownFolder = fileURLToPath(new URL("../../", import.meta.url));

const loader = { ".cgi": "js" } as const;

/** What a module does that serves by itself. */
const SERVES = /\.run\s*\(\s*import\s*\.\s*meta\b|\bnew\s+WSGIServer\s*\(/;

/** What esbuild is asked for. The result is not written: see {@link writeBundle}. */
export function buildOptions({ buildSync }: typeof esbuild, options: BundleOptions): esbuild.BuildOptions {
  const { entry, script, shebang } = options;
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
    platform: "node",
    format: "cjs",
    target: "node20",
    charset: "ascii",
    legalComments: "none",
    logLevel: "silent",
    // An application's classes and functions may be known by their names.
    keepNames: true,
    minify: options.minify,
    sourcemap: "external",
    sourcesContent: false,
    resolveExtensions: [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".json"],
    loader,
    external: [...options.external],
    define: { "import.meta": META },
    banner: { js: scriptHead(shebang, shown) },
    plugins: [lazyBuiltins, withoutTesting, optionalPackages, importMeta(root, entry)],
  };
}

/** Whether a module exports something, and does not serve it by itself. */
function isToBeServed(buildSync: typeof esbuild.buildSync, entry: string): boolean {
  const text = readFileSync(entry, "utf8");
  if (SERVES.test(text)) return false;
  if (/\b(?:module\.)?exports\b/.test(text)) return true;
  const { metafile } = buildSync({
    entryPoints: [entry],
    outdir: "/",
    write: false,
    metafile: true,
    format: "esm",
    logLevel: "silent",
    loader,
  });
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
  const [map, code] = ["map", "cgi"].map((kind) =>
    result.outputFiles?.find(({ path }) => path.endsWith(".map") === (kind === "map")),
  );
  if (code === undefined || map === undefined) throw new Error("esbuild has made no script");
  const head = scriptHead(options.shebang, basename(options.entry));
  const body = code.text.slice(head.length);
  const inputs = Object.keys(result.metafile?.inputs ?? {});
  const sources = inputs
    .filter((input) => !/(^|\/)node_modules\/|^[\w-]+:|^postern-bundle$/.test(input))
    .map((input) => resolve(dirname(options.entry), input))
    .filter((path) => !path.startsWith(ownFolder));
  const facts: BundleFacts = {
    id: createHash("sha256").update(body).digest("hex").slice(0, 32),
    cache: options.cache ?? `${basename(options.script)}.cache`,
    map: `${basename(options.script)}.map`,
    root: root === "" ? "." : root,
    commentEnd: COMMENT_END,
    sources: sources.map((path) => sourceFacts(path, dirname(options.entry))),
  };
  const text = `${head}${commented(body)}${codeEnd}${launcher(buildSync, facts)}`;
  replaceFile(join(folder, facts.map), map.text, 0o644);
  replaceFile(options.script, text, 0o755);
  return {
    scriptBytes: Buffer.byteLength(text),
    cachePath: resolve(folder, facts.cache),
    missing: missingFiles(sources, resolve(folder, facts.root), dirname(options.entry)),
  };
}

function sourceFacts(path: string, folder: string): BundleFacts["sources"][number] {
  const { mtimeMs, size } = statSync(path);
  return [relative(folder, path), mtimeMs, size, digest(readFileSync(path))];
}

/** What stands behind the comment with the code. */
function launcher(buildSync: typeof esbuild.buildSync, facts: BundleFacts): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("launcher", import.meta.url))],
    // esbuild finds the source as well as what was built of it.
    resolveExtensions: [".cjs", ".cts"],
    bundle: true,
    write: false,
    outfile: "launcher.js",
    platform: "node",
    format: "cjs",
    target: "node20",
    minify: true,
    charset: "ascii",
    legalComments: "none",
    define: { BUNDLE: JSON.stringify(facts) },
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
      if (statSync(place, { throwIfNoEntry: false }) === undefined) missing.push(place);
    }
  }
  return missing;
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
