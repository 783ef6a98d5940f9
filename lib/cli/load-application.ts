import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { GatewayError } from "../errors.ts";
import { nearest } from "../gateway/option-names.ts";
import type { Application } from "../gateway/types.ts";
import type { ShapeName } from "./application-shape.ts";
import { findApplication } from "./exported-application.ts";
import { shownPath } from "./shown-path.ts";
import { isTypeScript, refuseTypeScript } from "./typescript-module.ts";

/**
 * A module's absolute path.
 *
 * @param module a file, from `cwd`
 * @throws {GatewayError} of code `NO_SUCH_MODULE`
 */
export function modulePath(module: string, cwd: string): string {
  const path = resolve(cwd, module);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true) return path;
  const text = found?.isDirectory()
    ? `${path} is a folder: name the module in it that exports the application`
    : `There is no file ${path}: name the module that exports the application`;
  const meant = found === undefined ? siblings(path) : [];
  throw new GatewayError(
    "NO_SUCH_MODULE",
    meant.length === 0 ? `${text}.` : `${text}; did you mean ${meant.join(" or ")}?`,
  );
}

/** Modules whose names are near. */
function siblings(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const modules = readdirSync(folder).filter((name) => /(?<!\.d)\.[cm]?[jt]s$/.test(name));
  return nearest(basename(path), modules);
}

export interface LoadOptions {
  /** Compiles TypeScript while it is loaded: for development. @defaultValue `false` */
  readonly compile?: boolean;
  /** What the module exports, where looking at it does not tell. @defaultValue it is found out */
  readonly shape?: ShapeName | undefined;
}

/**
 * A folder's absolute path.
 *
 * @throws {GatewayError} of code `NO_SUCH_FOLDER`
 */
export function existingFolder(folder: string, cwd: string): string {
  const path = resolve(cwd, folder);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new GatewayError("NO_SUCH_FOLDER", `There is no folder ${path}: make it, or leave --static out.`);
}

/**
 * Imports a module and makes a gateway application of what it exports as `app`, `application` or by default: see
 * `toApplication` for the shapes.
 *
 * @throws {GatewayError} of code `NO_SUCH_MODULE`, `NO_APPLICATION`, `TYPESCRIPT` or `NO_COMPILER`; `MISSING_PACKAGE` or
 *   `MISSING_MODULE` for what it imports; what the module itself throws comes through
 */
export async function loadApplication(
  module: string,
  cwd: string,
  options: LoadOptions = {},
): Promise<Application> {
  const path = modulePath(module, cwd);
  if (isTypeScript(path)) {
    if (options.compile) await (await import("./typescript.ts")).compileWhileLoading(path);
    else refuseTypeScript(path, cwd);
  }
  const exported = (await importModule(path)) as Record<string, unknown>;
  return findApplication(exported, shownPath(path, cwd), options.shape);
}

/** What is made into JavaScript by a compiler that is none of ours. */
const COMPILED = /\.(?:jsx|coffee|litcoffee|ls|civet|res|vue|svelte)$/;

/** What Node reads: where such a module fails for a file, it is one that it imports. */
const READABLE = /\.[cm]?[jt]s$|\.tsx$/;

/** What Node says of JSON that is imported without an attribute: up to version 20, and later. */
const NO_ATTRIBUTE = new Set(["ERR_IMPORT_ASSERTION_TYPE_MISSING", "ERR_IMPORT_ATTRIBUTE_MISSING"]);

async function importModule(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    handleOnce(error);
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    const isJson = path.endsWith(".json") && NO_ATTRIBUTE.has(code ?? "");
    const isUnknown = code === "ERR_UNKNOWN_FILE_EXTENSION" && !READABLE.test(path);
    if (!isUnknown && !isJson) {
      const { missingImport } = await import("./missing-import.ts");
      throw missingImport(error, path) ?? error;
    }
    const text = COMPILED.test(path)
      ? `Node ${process.versions.node} cannot read ${path}: compile it to JavaScript first.`
      : `${path} is ${isJson ? "JSON" : "no JavaScript"}: name the module that exports the application.`;
    throw new GatewayError("NO_SUCH_MODULE", text, { cause: error });
  }
}

/**
 * Node 20 reports what a CommonJS module throws that an ES module imports twice: to who awaits the import, and as a
 * rejection that nobody handles, which would end the process with Node's own trace.
 */
function handleOnce(error: unknown): void {
  const again = (reason: unknown): void => {
    if (reason !== error) throw reason;
  };
  process.on("unhandledRejection", again);
  setImmediate(() => process.off("unhandledRejection", again));
}
