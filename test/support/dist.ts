import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "../..");

/** When the youngest source was written. Nobody writes one while tests run. */
let newest: number | undefined;

/**
 * The address of a compiled module, for programs that a test starts: Node does not run TypeScript by itself.
 * `npm test` builds first.
 *
 * @param module below lib, such as `"serve.ts"`
 * @throws {Error} when it is older than its source
 */
export function compiled(module: string): string {
  const path = join(root, "dist", module.replace(/\.ts$/, ".js"));
  newest ??= Math.max(...sources().map((source) => statSync(source).mtimeMs));
  if (!existsSync(path) || statSync(path).mtimeMs < newest)
    throw new Error(`${path} is missing or older than lib: run npm run build`);
  return pathToFileURL(path).href;
}

function sources(): string[] {
  const lib = join(root, "lib");
  return readdirSync(lib, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(lib, name));
}
