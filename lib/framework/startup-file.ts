import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";
import { findLoader } from "../gateway/loader.ts";
import { logToStderr } from "../gateway/log.ts";
import { mayBePoolThread } from "../gateway/pool-thread.ts";

/** What a module knows of itself. */
interface ModuleMeta extends ImportMeta {
  readonly main?: boolean;
  /** The script that `postern bundle` has put the module into. */
  readonly scriptUrl?: string;
}

/**
 * Whether a module is what this process was started for: the script that Node was started with, or the file that a loader
 * has loaded in its place.
 *
 * @throws {GatewayError} `OPTION` when it is not what a module knows of itself, as of options without it
 */
export function isStartupFile(meta: ModuleMeta): boolean {
  if (typeof meta?.url !== "string")
    throw new GatewayError("OPTION", "run() of an application begins with import.meta: app.run(import.meta)");
  if (meta.main === true) return true;
  const url = meta.scriptUrl ?? meta.url;
  if (!url?.startsWith("file:")) return false;
  const module = realpath(fileURLToPath(url));
  return startupFiles(meta.main).some((path) => realpath(path) === module);
}

/**
 * Says which file a web server has loaded in the place of a module that does not serve therefore: the web server would
 * wait for a minute or more, and then say only that nobody listens.
 */
export function explainIdle(meta: ImportMeta): void {
  const loader = findLoader();
  if (loader === undefined || loader.kind === "other") return;
  const file = loader.startupFiles.join();
  logToStderr("info", `run() in ${meta.url} does nothing: the start-up file of ${loader.name} is ${file}`);
}

function startupFiles(main: boolean | undefined): readonly string[] {
  const loader = findLoader();
  if (loader !== undefined) return loader.startupFiles;
  const script = process.argv[1];
  if (script === undefined) return [];
  // `node app` starts app.js, and npm starts scripts through links.
  const scripts = [script, `${script}.js`, `${script}/index.js`];
  return main === undefined || mayBePoolThread() || isReplaced(scripts) ? scripts : [];
}

/**
 * Whether process.argv[1] names another file than Node was started with: loaders such as pm2's and iisnode's put the name
 * of what they load there. In a thread it is the script of the whole process, which has served already.
 */
function isReplaced(scripts: readonly string[]): boolean {
  const main = process.mainModule;
  if (main === undefined) return false;
  const { isMainThread } = process.getBuiltinModule("node:worker_threads");
  return isMainThread && !scripts.some((path) => realpath(path) === main.filename);
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
