import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Environ } from "../gateway/types.ts";
import { FileResult } from "./file-result.ts";
import { mediaType } from "./media-types.ts";
import { notFound } from "./responses.ts";

/** What no file can be found by; the last is a name with a NUL in it. */
const MISSING: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ERR_INVALID_ARG_VALUE",
]);

/** @throws HttpResponse 404: there is no such file, or it is a folder */
export async function fileResult(environ: Environ, path: string | URL, type?: string): Promise<FileResult> {
  const name = path instanceof URL ? fileURLToPath(path) : path;
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    if (MISSING.has(error.code)) return undefined;
    throw error;
  });
  if (found?.isFile() !== true) throw notFound();
  return new FileResult(environ["postern.file_wrapper"](name), type ?? mediaType(name), found.size);
}
