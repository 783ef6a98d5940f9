// Module hooks (node:module) that compile TypeScript. They run in a thread of their own, started by typescript.ts.

import { existsSync, readFileSync } from "node:fs";
import type { InitializeHook, LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";
import type { CompilerChoice } from "./typescript.ts";
import { type Compile, loadCompiler } from "./typescript-compilers.ts";

let compile: Compile | undefined;

export const initialize: InitializeHook<{ choice: CompilerChoice; entry: string }> = async ({
  choice,
  entry,
}) => {
  compile = await loadCompiler(choice, entry);
};

/** TypeScript may import a module by the name that it will have when it is built. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const { parentURL } = context;
  const built = /^(\.{1,2}\/.*)\.([cm]?)js$/.exec(specifier);
  if (built !== null && parentURL !== undefined && isTypeScript(parentURL)) {
    const [, name, kind] = built;
    for (const source of [`${name}.${kind}ts`, `${name}.tsx`]) {
      if (existsSync(new URL(specifier, parentURL)) || !existsSync(new URL(source, parentURL))) continue;
      return next(source, context);
    }
  }
  return next(specifier, context);
};

export const load: LoadHook = (url, context, next) => {
  if (compile === undefined || !isTypeScript(url)) return next(url, context);
  const path = fileURLToPath(url);
  const source = compile(readFileSync(path, "utf8"), path);
  return { format: path.endsWith(".cts") ? "commonjs" : "module", source, shortCircuit: true };
};

function isTypeScript(url: string): boolean {
  return url.startsWith("file:") && /\.[cm]?tsx?(?:[?#]|$)/.test(url);
}
