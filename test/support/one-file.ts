import { buildSync } from "esbuild";

/**
 * Makes one file of a script and of what it imports, in its place: where each request starts a process, loading them one by
 * one is two fifths of the work.
 */
export function intoOneFile(script: string): void {
  buildSync({
    entryPoints: [script],
    outfile: script,
    allowOverwrite: true,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
}
