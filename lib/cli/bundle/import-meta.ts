// `import.meta` of each module, which CommonJS does not have: as it was where the module lies, seen from the script.

import { readFile } from "node:fs/promises";
import { extname, relative } from "node:path";
import type { Loader, Plugin } from "esbuild";

/** What `import.meta` is replaced by in each module. */
export const META = "__postern_meta";

const loaders: Readonly<Record<string, Loader>> = {
  ".js": "js",
  ".mjs": "js",
  ".cgi": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".tsx": "tsx",
};

/**
 * @param root the folder that the modules' paths are from
 * @param entry the module whose `import.meta.main` may be true
 */
export function importMeta(root: string, entry: string): Plugin {
  return {
    name: "postern-import-meta",
    setup(build) {
      // Nobody asks for what it exports, and its package may say that nothing is lost then.
      build.onResolve({ filter: /./ }, ({ path }) =>
        path === entry ? { path, namespace: "file", sideEffects: true } : undefined,
      );
      build.onLoad({ filter: /\.(?:m?[jt]s|[jt]sx|cgi)$/, namespace: "file" }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!/\bimport\s*\.\s*meta\b/.test(text)) return undefined;
        const meta = `/* @__PURE__ */ __postern.metaOf(${JSON.stringify(relative(root, path))}, ${path === entry})`;
        // In the first line, behind the words for the kernel, so that lines keep their numbers.
        const contents = text.replace(/^(#![^\n]*\n)?/, (shebang) => `${shebang}const ${META} = ${meta}; `);
        return { contents, loader: loaders[extname(path)] ?? "js" };
      });
    },
  };
}
