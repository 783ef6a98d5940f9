// Modules that a bundle leaves to Node, or leaves out.

import { builtinModules } from "node:module";
import { isAbsolute, sep } from "node:path";
import type { Plugin } from "esbuild";
import { packageRoot } from "../new-project.ts";

/** Modules of Node that it has loaded before any script runs, or that cost next to nothing. */
const CHEAP = new Set([
  "assert/strict",
  "buffer",
  "console",
  "constants",
  "diagnostics_channel",
  "events",
  "fs",
  "os",
  "path",
  "path/posix",
  "process",
  "querystring",
  "string_decoder",
  "timers",
  "url",
  "util",
  "vm",
]);

/** Imports of Node's own modules that cost something at each start wait for their first use; `require()` is left alone. */
export const lazyBuiltins: Plugin = {
  name: "postern-lazy-builtins",
  setup(build) {
    const names = new Set(builtinModules.filter((name) => !name.startsWith("_") && !CHEAP.has(name)));
    build.onResolve({ filter: /^(?:node:)?[a-z0-9_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (kind !== "import-statement" || !names.has(name)) return undefined;
      return { path: `lazy:node:${name}`, external: true };
    });
  },
};

/** What `app.request()` and `app.browser()` load is for tests: a third of a bundle that nobody calls. */
export const withoutTesting: Plugin = {
  name: "postern-without-testing",
  setup(build) {
    build.onResolve({ filter: /^\.\.\/testing\// }, ({ importer, kind, path }) => {
      if (kind !== "dynamic-import" || !/[\\/]framework[\\/]application\.[jt]s$/.test(importer))
        return undefined;
      return { path, namespace: "postern-without-testing" };
    });
    build.onLoad({ filter: /./, namespace: "postern-without-testing" }, () => ({
      contents:
        'throw new Error("app.request() and app.browser() are for tests: postern bundle leaves them out")',
    }));
  },
};

/** A package that another package would use if it were there, such as the clients of stores, is looked for when it is used. */
export const optionalPackages: Plugin = {
  name: "postern-optional-packages",
  setup(build) {
    const seen = Symbol("seen");
    build.onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === seen || isAbsolute(path)) return undefined;
      const isOthers =
        importer.includes(`${sep}node_modules${sep}`) || importer.startsWith(packageRoot + sep);
      if (!isOthers) return undefined;
      const found = await build.resolve(path, { importer, kind, resolveDir, pluginData: seen });
      return found.errors.length === 0 ? found : { path, external: true };
    });
  },
};
