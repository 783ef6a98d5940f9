// What a module imports and is not there, in a sentence: Node's own trace is of its loader.

import { existsSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";

/** What Node says of `import`, and of `require()` and what resolves as it does. */
const IMPORT = /^Cannot find (?:package|module) '(.+?)' imported from (.+?)(?:\n|$)/;
const REQUIRE = /^Cannot find module '(.+?)'(?:\nRequire stack:\n- (.+?)(?:\n|$))?/;

/** A package's name, before a path in it. */
const PACKAGE = /^(?:@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*(?=\/|$)/i;

/**
 * The sentence for a package or a file that is imported and missing; undefined for any other error.
 *
 * @param entry the module that is loaded
 */
export function missingImport(error: unknown, entry: string): GatewayError | undefined {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return undefined;
  const [, name, from = entry] = IMPORT.exec(message) ?? REQUIRE.exec(message) ?? [];
  if (name === undefined) return undefined;
  const importer = pathOf(from);
  const [wanted] = PACKAGE.exec(name) ?? [];
  if (wanted !== undefined) {
    return new GatewayError(
      "MISSING_PACKAGE",
      `${importer} imports the package ${wanted}, which is not installed: run npm install ${wanted}.`,
      { cause: error },
    );
  }
  const path = pathOf(name);
  return new GatewayError(
    "MISSING_MODULE",
    `${importer} imports ${path}, and there is no such file${adviceFor(path, importer)}.`,
    { cause: error },
  );
}

function pathOf(place: string): string {
  return place.startsWith("file:") ? fileURLToPath(place) : place;
}

/** `import` takes names of files as they are: neither endings nor index files are added, as `require()` does. */
function adviceFor(path: string, importer: string): string {
  const endings = [".js", ".mjs", ".cjs", ".json", "/index.js", "/index.mjs"];
  const found = endings.map((ending) => path + ending).find((file) => existsSync(file));
  if (found === undefined) return "";
  const specifier = relative(dirname(importer), found);
  return `; did you mean ${specifier.startsWith(".") ? specifier : `./${specifier}`}? (import needs the whole name)`;
}
