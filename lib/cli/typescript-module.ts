// TypeScript modules where nothing is to be compiled: in production.

import { existsSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { GatewayError } from "../errors.ts";
import { shownPath } from "./shown-path.ts";

export function isTypeScript(path: string): boolean {
  return /\.[cm]?tsx?$/.test(path);
}

/**
 * Says what to do with a TypeScript module where Node cannot run it: Node 20 cannot, later ones can.
 *
 * @throws {GatewayError} of code `TYPESCRIPT`
 */
export function refuseTypeScript(path: string, cwd: string): void {
  if (!isTypeScript(path) || runsTypeScript()) return;
  const built = builtFile(path);
  const advice =
    built === undefined
      ? "build it first, such as with npx tsc, and name the built file"
      : `serve ${shownPath(built, cwd)}, which was built from it`;
  throw new GatewayError(
    "TYPESCRIPT",
    `Node ${process.versions.node} cannot run ${shownPath(path, cwd)}, which is TypeScript: ${advice}; with --dev it is compiled while it is loaded.`,
  );
}

/** From Node 22.18 on. */
export function runsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/** Where a compiler put a module: beside it, or below `dist` or `build` of a folder above it. */
function builtFile(path: string): string | undefined {
  const name = path.replace(/ts(x?)$/, "js");
  const candidates = [name];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const below = relative(folder, name);
    const places = [below, below.replace(/^(src|lib)\//, "")];
    for (const output of ["dist", "build"]) {
      candidates.push(...places.map((place) => join(folder, output, place)));
    }
    if (existsSync(join(folder, "package.json")) || dirname(folder) === folder) break;
  }
  return candidates.find((candidate) => extname(candidate) !== "" && existsSync(candidate));
}
