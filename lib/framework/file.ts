import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import tagOf from "etag";
import { refuseUnknownOptions } from "../errors.ts";
import { isFresh, isOutdated, type Validators } from "../gateway/conditions.ts";
import { hasOwnNames, isInside } from "../gateway/inside-folder.ts";
import type { Environ, Header } from "../gateway/types.ts";
import { type CacheOptions, cacheControl } from "./cache-control.ts";
import { contentDisposition } from "./content-disposition.ts";
import type { Exchange } from "./exchange.ts";
import { FileResult } from "./file-result.ts";
import type { HttpResponse } from "./http-response.ts";
import { mediaType } from "./media-types.ts";
import { notFound, notModified, preconditionFailed, rangeNotSatisfiable } from "./responses.ts";

/** How `web.file()` sends a file. */
export interface FileOptions {
  /** The media type. @defaultValue by the end of the name */
  type?: string | undefined;

  /**
   * The folder that the path is looked for in, and kept inside: a path of the client's that is absolute, or has `.`, `..`, a name
   * that begins with a dot, a backslash or NUL in it, or leads out of the folder by a symbolic link, is as if it were not there.
   *
   * @defaultValue none: the path is the application's own, and nothing is checked
   */
  root?: string | URL | undefined;

  /**
   * Has the browser save the file instead of showing it, under this name, or its own for `true` (`Content-Disposition`).
   *
   * @defaultValue `false`
   */
  download?: boolean | string | undefined;

  /** `Cache-Control`. @defaultValue none is sent */
  cache?: CacheOptions | undefined;

  /** `ETag`, of the file's size and time. Right to leave out where two machines serve copies of different times. @defaultValue `true` */
  etag?: boolean | undefined;
}

const OPTIONS: Readonly<Record<keyof FileOptions, true>> = {
  type: true,
  root: true,
  download: true,
  cache: true,
  etag: true,
};

/** What no file can be found by; the last is a name with a NUL in it. */
const MISSING: ReadonlySet<string | undefined> = new Set([
  "ENOENT",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ELOOP",
  "EINVAL",
  "ERR_INVALID_ARG_VALUE",
]);

/**
 * @throws HttpResponse 404: there is no such file, or it is a folder; what the request asks for besides: 304, 412, 416
 */
export async function fileResult(
  exchange: Exchange,
  path: string | URL,
  options: FileOptions,
): Promise<FileResult> {
  refuseUnknownOptions("web.file()", options, OPTIONS);
  const { name, stats, folder } = await findFile(path, options);
  const type = options.type ?? mediaType(name);
  const set = exchange.headers;
  const headers = headersOf(name, stats, options).filter(([header]) => !set.has(header));
  const wrapper = exchange.environ["postern.file_wrapper"];
  if (!isConditional(exchange))
    return new FileResult(wrapper(name, {}, folder), type, stats.size, 200, headers);
  const validators = validatorsOf([...headers, ...set.list]);
  const answer = answerInstead(exchange.environ, validators, headers);
  if (answer !== undefined) throw answer;
  const { rangeOf } = await import("../gateway/range.ts");
  const range = rangeOf(exchange.environ, stats.size, validators);
  if (range === undefined) return new FileResult(wrapper(name, {}, folder), type, stats.size, 200, headers);
  const { size } = stats;
  if (range === "unsatisfiable") throw rangeNotSatisfiable(undefined, { "Content-Range": `bytes */${size}` });
  const { start, end } = range;
  headers.push(["Content-Range", `bytes ${start}-${end}/${size}`]);
  return new FileResult(wrapper(name, range, folder), type, end - start + 1, 206, headers);
}

interface Found {
  readonly name: string;
  readonly stats: Stats;
  /** What it is kept inside. */
  readonly folder: string | undefined;
}

async function findFile(path: string | URL, { root }: FileOptions): Promise<Found> {
  try {
    const folder = root === undefined ? undefined : resolve(nameOf(root));
    const name = folder === undefined ? nameOf(path) : await nameInside(folder, String(path));
    const stats = await stat(name);
    if (stats.isFile()) return { name, stats, folder };
  } catch (error) {
    if (!MISSING.has((error as NodeJS.ErrnoException).code)) throw error;
  }
  throw notFound();
}

function nameOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/** @throws HttpResponse 404: the path is not one of a file in the folder */
async function nameInside(folder: string, path: string): Promise<string> {
  const name = join(folder, path);
  if (!hasOwnNames(path) || !(await isInside(folder, name))) throw notFound();
  return name;
}

// Conditions are for the answer that would be 200 without them (RFC 9110 §13.2.1); a page for an error is another thing.
function isConditional({ environ: { REQUEST_METHOD: method }, status }: Exchange): boolean {
  return (method === "GET" || method === "HEAD") && status === 200;
}

function headersOf(name: string, stats: Stats, { download, cache, etag = true }: FileOptions): Header[] {
  const headers: Header[] = [
    ["Last-Modified", stats.mtime.toUTCString()],
    ["Accept-Ranges", "bytes"],
  ];
  // Strong, as web servers make it of the same, so that a download can be resumed.
  if (etag) headers.push(["ETag", tagOf(stats, { weak: false })]);
  if (cache !== undefined) headers.push(["Cache-Control", cacheControl(cache)]);
  if (download) {
    headers.push(["Content-Disposition", contentDisposition(download === true ? basename(name) : download)]);
  }
  return headers;
}

function validatorsOf(headers: readonly Header[]): Validators {
  const find = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  return { lastModified: find("last-modified"), etag: find("etag") };
}

function answerInstead(
  environ: Environ,
  validators: Validators,
  headers: readonly Header[],
): HttpResponse | undefined {
  if (isOutdated(environ, validators)) return preconditionFailed();
  if (!isFresh(environ, validators)) return undefined;
  // RFC 9110 §15.4.5: nothing that the client has already.
  return notModified(headers.filter(([name]) => name === "ETag" || name === "Cache-Control"));
}
