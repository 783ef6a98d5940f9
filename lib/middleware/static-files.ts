// A folder of files, as a middleware and as an application.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { below } from "../gateway/path.ts";
import type { Application, Environ, Header, Middleware } from "../gateway/types.ts";
import { notFound } from "./mount/not-found.ts";
import type { Folder } from "./static-files/folder.ts";

/** A coding that files lie in beside the file itself: as `.br`, `.zst` and `.gz`. */
export type PrecompressedCoding = "br" | "zstd" | "gzip";

export interface StaticFilesOptions {
  /**
   * Where the files are in the application's paths: `"/static"` has `/static/site.css` be `site.css` in the folder. Every request
   * below it costs a look at the file system, so give one where the application answers too.
   *
   * @defaultValue `""`: everywhere
   */
  prefix?: string | undefined;

  /**
   * Names of the file that stands for its folder, tried in this order. A folder that has one is redirected to where it is asked
   * for without its slash.
   *
   * @defaultValue `["index.html"]`
   */
  index?: readonly string[] | undefined;

  /**
   * Answers with a page that lists a folder without an index: what could be asked for in it, so no names with a dot in front and
   * no links out of the folder. Publishes names that nobody was meant to know.
   *
   * @defaultValue `false`
   */
  listing?: boolean | undefined;

  /**
   * Where there is no such file, the application answers, and all methods but GET and HEAD are its own. Otherwise the answers are
   * 404 and, for other methods, 405.
   *
   * @defaultValue `true`
   */
  fallThrough?: boolean | undefined;

  /**
   * For how many seconds caches may keep a file without asking again, sent as `Cache-Control: public, max-age=…`. A client that
   * has a file does not see that it changed until then.
   *
   * @defaultValue no `Cache-Control` is sent: caches decide, and mostly ask
   */
  maxAgeSeconds?: number | undefined;

  /**
   * Says that a file never changes while its name stays, as with names that hold a digest: not even a reload asks again. Needs
   * `maxAgeSeconds`.
   *
   * @defaultValue `false`
   */
  immutable?: boolean | undefined;

  /**
   * Headers for a file, by its path in the folder such as `"css/site.css"`. They take the place of those of the same name.
   *
   * @defaultValue none
   */
  headers?: ((path: string) => readonly Header[]) | undefined;

  /**
   * Sends the file beside it, such as `site.css.br`, to clients that accept its coding; of those that they like equally the first
   * here. Whoever makes these files makes them anew when the file changes: their times are not compared. The response says
   * `Vary: Accept-Encoding`.
   *
   * @defaultValue none
   */
  precompressed?: readonly PrecompressedCoding[] | undefined;

  /**
   * Media types by the end of a name, without the dot; in the place of the usual ones.
   *
   * @defaultValue those of the package mrmime; what it does not know is `application/octet-stream`. Types `text/*` have
   * `charset=utf-8`
   */
  types?: Readonly<Record<string, string>> | undefined;

  /**
   * Names of files and folders that are served although they begin with a dot, such as `[".well-known"]`. All others are as if
   * they were not there: they are mostly no one's business, such as `.env` and `.git`.
   *
   * @defaultValue none
   */
  dotNames?: readonly string[] | undefined;

  /**
   * Follows symbolic links that lead out of the folder. Whoever can make a link in it can then publish any file that this process
   * can read.
   *
   * @defaultValue `false`: what such a link leads to is not there
   */
  followLinks?: boolean | undefined;
}

/**
 * Serves a folder's files, with what is expected of it: types, `Last-Modified`, `ETag`, 304 and 412, one range (206, 416; several
 * in one request get the whole file), index files, precompressed ones. Bodies come from `postern.file_wrapper`, so that
 * `sendfile()` around this has the web server send them. HEAD opens no file.
 *
 * A path is never taken for another: one with an empty segment, `.` or `..`, a backslash or NUL names no file. A file that gets
 * shorter while it is sent cuts the response. One that this process may not read is 403.
 *
 * @param folder a path, absolute or from the current folder, or a URL such as `new URL("static/", import.meta.url)`. It need not
 *   exist yet
 * @example
 * export const app = staticFiles("public", { prefix: "/static" })(application(urls));
 *
 * @throws {GatewayError} `OPTION` when an option makes no sense
 */
export function staticFiles(folder: string | URL, options: StaticFilesOptions = {}): Middleware {
  checkOptions("staticFiles()", options, {
    prefix: true,
    index: true,
    listing: true,
    fallThrough: true,
    maxAgeSeconds: true,
    immutable: true,
    headers: true,
    precompressed: true,
    types: true,
    dotNames: true,
    followLinks: true,
  });
  const { prefix = "", fallThrough = true } = options;
  const mount = bytesOf(prefix);
  const served = folderOf(folder, options);
  return (application) => {
    const otherwise = fallThrough ? application : notFound;
    return (environ, startResponse) => {
      const path = below(mount, environ.PATH_INFO);
      if (path === undefined) return application(environ, startResponse);
      if (fallThrough && !isReading(environ)) return application(environ, startResponse);
      // What serves files is loaded by the first request for one.
      return import("./static-files/answer.ts").then(({ answer }) =>
        answer(served, path, environ, startResponse, otherwise),
      );
    };
  };
}

/**
 * Serves a folder's files and nothing else: an application for `mount`, `cascade` and `run`. What is not there is 404, other
 * methods than GET and HEAD are 405.
 *
 * @throws {GatewayError} `OPTION` when an option makes no sense
 */
export function staticApplication(
  folder: string | URL,
  options: Omit<StaticFilesOptions, "fallThrough" | "prefix"> = {},
): Application {
  return staticFiles(folder, { ...options, fallThrough: false })(notFound);
}

function folderOf(folder: string | URL, options: StaticFilesOptions): Folder {
  const { index = ["index.html"], maxAgeSeconds, immutable = false, precompressed = [] } = options;
  if (typeof folder !== "string" && !(folder instanceof URL))
    throw new GatewayError(
      "OPTION",
      'the folder of static files is a path or a URL, and comes first: staticFiles("static")',
    );
  if (options.prefix && !options.prefix.startsWith("/"))
    throw new GatewayError("OPTION", `the prefix ${JSON.stringify(options.prefix)} does not begin with "/"`);
  if (maxAgeSeconds !== undefined && !(Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 0))
    throw new GatewayError("OPTION", `"maxAgeSeconds" is ${maxAgeSeconds}; give whole seconds`);
  if (immutable && maxAgeSeconds === undefined)
    throw new GatewayError("OPTION", '"immutable" files need "maxAgeSeconds", such as 31536000 for a year');
  return {
    path: resolve(folder instanceof URL ? fileURLToPath(folder) : folder),
    index,
    listing: options.listing ?? false,
    cacheControl:
      maxAgeSeconds === undefined
        ? undefined
        : `public, max-age=${maxAgeSeconds}${immutable ? ", immutable" : ""}`,
    headers: options.headers,
    precompressed,
    types: options.types ?? {},
    dotNames: new Set(options.dotNames),
    followLinks: options.followLinks ?? false,
  };
}

/** A path as it is in an environ: without its last slash, one code point a byte. */
function bytesOf(path: string): string {
  return Buffer.from(path.replace(/\/+$/, "")).toString("latin1");
}

function isReading({ REQUEST_METHOD: method }: Environ): boolean {
  return method === "GET" || method === "HEAD";
}
