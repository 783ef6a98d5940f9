import { basename } from "node:path";
import type { Middleware } from "../gateway/types.ts";
import { staticFiles } from "../middleware/static-files.ts";
import { existingFolder } from "./load-application.ts";

/**
 * Sends a folder's files at the folder's name, as lighttpd does with `--behind`; the application answers all else.
 *
 * @throws {GatewayError} of code `NO_SUCH_FOLDER`
 */
export function staticFolder(folder: string, cwd: string): Middleware {
  const path = existingFolder(folder, cwd);
  return staticFiles(path, { prefix: `/${basename(path)}`, index: [] });
}
