import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { GatewayError } from "../errors.ts";
import type { Application } from "../gateway/types.ts";

/** The exports that are tried, in this order. */
const names = ["app", "application", "default"];

/**
 * A module's absolute path.
 *
 * @param module a file, from `cwd`
 * @throws {GatewayError} of code `NO_SUCH_MODULE`
 */
export function modulePath(module: string, cwd: string): string {
  const path = resolve(cwd, module);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  throw new GatewayError(
    "NO_SUCH_MODULE",
    `There is no file ${path}: name the module that exports the application.`,
  );
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
 * Imports a module and finds the application it exports: `app`, `application` or the default export.
 *
 * @throws {GatewayError} of code `NO_SUCH_MODULE` or `NO_APPLICATION`; what the module itself throws comes through
 */
export async function loadApplication(module: string, cwd: string): Promise<Application> {
  const path = modulePath(module, cwd);
  const exported = (await importModule(path)) as Record<string, unknown>;
  for (const name of names) {
    const value = exported[name];
    if (typeof value === "function") return value as Application;
  }
  const text = `${path} exports no application: export a function (environ, startResponse) named app, or as the default.`;
  throw new GatewayError("NO_APPLICATION", text);
}

async function importModule(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    const text = `Node ${process.versions.node} cannot read ${path}: compile it to JavaScript first.`;
    throw new GatewayError("NO_SUCH_MODULE", text, { cause: error });
  }
}
