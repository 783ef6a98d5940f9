import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type * as esbuild from "esbuild";
import { GatewayError } from "../../errors.ts";

/**
 * The esbuild of a project, or else the one beside postern.
 *
 * @param entry a module of the project
 * @throws {GatewayError} `NO_ESBUILD`
 */
export async function findEsbuild(entry: string): Promise<typeof esbuild> {
  for (const from of [entry, import.meta.url]) {
    let path: string;
    try {
      path = createRequire(from).resolve("esbuild");
    } catch {
      continue;
    }
    const { default: found } = (await import(pathToFileURL(path).href)) as { default: typeof esbuild };
    return found;
  }
  throw new GatewayError(
    "NO_ESBUILD",
    "postern bundle needs esbuild, which this project does not have: run npm install --save-dev esbuild.",
  );
}
