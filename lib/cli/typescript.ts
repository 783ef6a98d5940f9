// TypeScript without a build, for development: the project's own compiler turns each file into JavaScript while Node
// loads it. Types are not checked; that is what the project's `tsc` is for.

import { readFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { basename } from "node:path";
import { GatewayError } from "../errors.ts";
import { runsTypeScript } from "./typescript-module.ts";

/** A compiler of the project, by the file to import. */
export interface CompilerChoice {
  readonly name: "typescript" | "esbuild";
  readonly path: string;
}

let compiling = false;

/**
 * From now on this process loads TypeScript, with source maps for its traces.
 *
 * @param entry the module that will be loaded: compilers are looked for from there
 * @throws {GatewayError} of code `NO_COMPILER`
 */
export async function compileWhileLoading(entry: string): Promise<void> {
  if (compiling) return;
  const choice = findCompiler(createRequire(entry));
  if (choice !== undefined) {
    register(new URL("typescript-hooks.js", import.meta.url), { data: { choice, entry } });
    process.setSourceMapsEnabled(true);
  } else if (!runsTypeScript()) {
    throw new GatewayError(
      "NO_COMPILER",
      `${basename(entry)} is TypeScript, and this project has no compiler for Node ${process.versions.node}: run npm install --save-dev esbuild.`,
    );
  }
  compiling = true;
}

/** esbuild starts in a tenth of the time; TypeScript 7 is a program of its own that cannot be called from JavaScript. */
function findCompiler({ resolve }: NodeJS.Require): CompilerChoice | undefined {
  try {
    return { name: "esbuild", path: resolve("esbuild") };
  } catch {
    // The project has none.
  }
  try {
    const { version } = JSON.parse(readFileSync(resolve("typescript/package.json"), "utf8"));
    return Number.parseInt(version, 10) < 7 ? { name: "typescript", path: resolve("typescript") } : undefined;
  } catch {
    return undefined;
  }
}
