// A folder of application files as an application.

import { realpathSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ApplicationError, GatewayError } from "../errors.ts";
import { findInPath } from "../gateway/file-in-path.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Application, Body } from "../gateway/types.ts";

export interface AppBinOptions {
  /**
   * Where the application files are. Each module in it is run, in this process and with all its rights, when somebody asks
   * for it: let nothing else lie there, such as modules that the applications import, and nobody write there.
   */
  readonly folder: string | URL;

  /**
   * The ends of the names of application files. Any other file is not found.
   *
   * @defaultValue `[".js", ".mjs", ".cjs"]`
   */
  readonly extensions?: readonly string[] | undefined;
}

/** The exports that are tried, in this order. */
const NAMES = ["app", "application", "default"];

/**
 * Runs application files by `PATH_INFO`: of `/folder/wiki.js/page` the file `folder/wiki.js`, with `/folder/wiki.js` added
 * to `SCRIPT_NAME` and `/page` as `PATH_INFO`. A file is a module that exports a gateway application as `app`,
 * `application` or by default. It is imported at the first request for it, and stays what it is as long as this process
 * lives.
 *
 * 404: no such file, or none of these extensions; names that begin with a dot, `node_modules`, and links that lead out of
 * the folder are none. 500: the module could not be loaded, or exports no application; the error is logged, and Node
 * remembers it as long as this process lives.
 *
 * @example
 * export const app = mount({ "/apps": appBin({ folder: new URL("apps/", import.meta.url) }) });
 *
 * @throws {GatewayError} `OPTION` when there is no such folder, or an extension is none
 */
export function appBin(options: AppBinOptions): Application {
  checkOptions("appBin()", options, { folder: true, extensions: true });
  const { folder, extensions = [".js", ".mjs", ".cjs"] } = options;
  const root = realFolder(folder);
  for (const extension of extensions) {
    if (!/^\.[^./]+$/.test(extension))
      throw new GatewayError(
        "OPTION",
        `the extension ${JSON.stringify(extension)} is none; give one such as ".js"`,
      );
  }
  const applications = new Map<string, Promise<Application>>();
  const load = (file: string): Promise<Application> => {
    const before = applications.get(file);
    if (before !== undefined) return before;
    const loading = loadFile(file);
    applications.set(file, loading);
    return loading;
  };
  return async (environ, startResponse): Promise<Body> => {
    const found = await findInPath(root, environ.PATH_INFO);
    if (found === undefined || !extensions.includes(extname(found.file)) || isPackage(found.name))
      return answerPlainly(startResponse, "404 Not Found");
    const application = await load(found.file);
    environ.SCRIPT_NAME += found.name;
    environ.PATH_INFO = found.pathInfo;
    return application(environ, startResponse);
  };
}

/** What npm has put there is for others to import. */
function isPackage(name: string): boolean {
  return name.includes("/node_modules/");
}

/** @throws {ApplicationError} `NO_APPLICATION` when the module exports none; what it throws itself comes through */
async function loadFile(file: string): Promise<Application> {
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
  // What CommonJS modules export is an object in their default export.
  const inner = module["default"];
  const places = [module, typeof inner === "object" && inner !== null ? inner : {}] as (typeof module)[];
  for (const place of places) {
    const found = NAMES.map((name) => place[name]).find((value) => typeof value === "function");
    if (found !== undefined) return found as Application;
  }
  throw new ApplicationError(
    "NO_APPLICATION",
    `${file} exports no application; export a function (environ, startResponse) as app or as the default`,
  );
}

function realFolder(folder: string | URL): string {
  try {
    return realpathSync(folder instanceof URL ? fileURLToPath(folder) : folder);
  } catch (cause) {
    throw new GatewayError("OPTION", `there is no folder ${String(folder)} with applications`, { cause });
  }
}
