// Modules bundled by esbuild as `postern bundle` has them bundled, and what becomes of them in lazy-scopes.ts.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { withLazyScopes } from "../../../lib/cli/bundle/lazy-scopes.ts";
import { temporaryFolder } from "../../support/folder.ts";

/** Texts by the names of their files; the first to run is `main.js`. */
export type Files = Readonly<Record<string, string>>;

export interface Bundled {
  /** What esbuild has made. */
  readonly code: string;
  readonly scoped: string;
  /** The source map of `scoped`. Sources are below the folder of the modules. */
  readonly map: string;
}

/**
 * @param start what imports `./main.js`, as postern's own module does in front of an application; without it that is the entry,
 * and its exports those of the bundle
 */
export async function bundled(files: Files, start?: string): Promise<Bundled> {
  const folder = temporaryFolder();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const entry =
      start === undefined
        ? { entryPoints: ["main.js"] }
        : { stdin: { contents: start, resolveDir: folder.path, sourcefile: "postern-bundle" } };
    const { outputFiles, metafile } = await build({
      absWorkingDir: folder.path,
      ...entry,
      outfile: "out.js",
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      charset: "ascii",
      keepNames: true,
      legalComments: "none",
      logLevel: "silent",
      sourcemap: "external",
    });
    const [mapText = "", code = ""] = outputFiles.map(({ text }) => text);
    const [scoped, map] = withLazyScopes(code, mapText, metafile);
    return { code, scoped, map };
  } finally {
    folder.remove();
  }
}
