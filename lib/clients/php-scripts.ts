// Which file of a folder a path means to PHP. PHP runs whatever file it is named, so this is where it is decided that only
// scripts below the folder are run.

import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { encodePathBytes, hasDotSegments } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";
import type { OwnAnswer } from "./forwarder.ts";
import { ForwardingError } from "./forwarding-error.ts";

export interface PhpOptions {
  /**
   * The folder with the scripts. A path that ends in `.php`, or goes on with a `/` behind it, is the script that exists
   * there; links are followed as long as they stay in the folder. Other files are not sent: that is for static files in
   * front. Let nobody upload files that end in `.php` into it.
   */
  documentRoot: string;

  /**
   * The script of a path that is a folder.
   *
   * @defaultValue `"index.php"`
   */
  index?: string;

  /**
   * The script of a path that is no script and no folder with an index, below the folder, such as `"index.php"` for
   * frameworks with one script for all (they read `REQUEST_URI`).
   *
   * @defaultValue none: the answer is 404
   */
  fallback?: string;
}

/** A script, all parts of it one code point a byte. */
interface Script {
  /** Its path below the folder, beginning with `/`. */
  readonly name: string;
  /** What of the request's path stands behind it. */
  readonly rest: string;
  /** Its absolute path, without links. */
  readonly file: string;
}

const EXTENSION = ".php";
const NOT_FOUND: OwnAnswer = { status: "404 Not Found", headers: [] };

export class PhpScripts {
  readonly #folder: string;
  readonly #index: string;
  readonly #fallback: string | undefined;

  constructor(options: PhpOptions) {
    checkOptions('the option "php"', options, { documentRoot: true, index: true, fallback: true });
    const { documentRoot, index = "index.php", fallback } = options;
    if (typeof documentRoot !== "string")
      throw new GatewayError("OPTION", 'the option "php" needs "documentRoot", the folder with the scripts');
    this.#folder = latin1Of(resolve(documentRoot));
    this.#index = latin1Of(index);
    this.#fallback = fallback === undefined ? undefined : `/${latin1Of(fallback).replace(/^\/+/, "")}`;
  }

  /**
   * Sets the variables that name a script, or answers where there is none.
   *
   * @throws {ForwardingError} `DOCUMENT_ROOT` when there is no such folder
   */
  async prepare(variables: Map<string, string>, environ: Environ): Promise<OwnAnswer | undefined> {
    const root = await realPath(this.#folder);
    if (root === undefined) {
      throw new ForwardingError(
        "500 Internal Server Error",
        "DOCUMENT_ROOT",
        `the folder ${this.#folder} is not there, or may not be read; correct "documentRoot"`,
      );
    }
    const path = environ.PATH_INFO;
    const found = await this.#find(root, path);
    if (found === "folder") return redirectInto(environ);
    const script = found ?? (await this.#findFallback(root));
    if (script === undefined) return NOT_FOUND;
    variables.set("DOCUMENT_ROOT", root);
    variables.set("SCRIPT_FILENAME", script.file);
    variables.set("SCRIPT_NAME", environ.SCRIPT_NAME + script.name);
    if (script.rest === "") variables.delete("PATH_INFO");
    else variables.set("PATH_INFO", script.rest);
    // php-cgi runs nothing without it, unless cgi.force_redirect is off.
    variables.set("REDIRECT_STATUS", "200");
    return undefined;
  }

  /** `folder` is one with an index whose path lacks the slash at its end. */
  async #find(root: string, path: string): Promise<Script | "folder" | undefined> {
    if (path.includes("\0") || hasDotSegments(path)) return undefined;
    for (const name of scriptNames(path)) {
      const entry = await look(root, name);
      if (entry?.isFile) return { name, rest: path.slice(name.length), file: entry.path };
      // What stands behind a name that is no folder is nothing at all: /picture.jpg/x.php does not run the picture.
      if (entry === undefined) return undefined;
    }
    const folder = path.endsWith("/") ? path : `${path}/`;
    const name = folder + this.#index;
    const index = await look(root, name);
    if (!index?.isFile) return undefined;
    return folder === path ? { name, rest: "", file: index.path } : "folder";
  }

  async #findFallback(root: string): Promise<Script | undefined> {
    if (this.#fallback === undefined) return undefined;
    const entry = await look(root, this.#fallback);
    return entry?.isFile ? { name: this.#fallback, rest: "", file: entry.path } : undefined;
  }
}

/** The beginnings of a path that could be a script, the shortest first. */
function* scriptNames(path: string): Generator<string> {
  for (let at = path.indexOf(EXTENSION); at >= 0; at = path.indexOf(EXTENSION, at + 1)) {
    const end = at + EXTENSION.length;
    if (end === path.length || path[end] === "/") yield path.slice(0, end);
  }
}

/** What is there, if it is below the root when links have been followed. */
async function look(root: string, path: string): Promise<{ path: string; isFile: boolean } | undefined> {
  const real = await realPath(root + path);
  if (real === undefined || !real.startsWith(root === "/" ? root : `${root}/`)) return undefined;
  const entry = await stat(Buffer.from(real, "latin1")).catch(() => undefined);
  return entry && { path: real, isFile: entry.isFile() };
}

/** An absolute path without links; undefined where there is nothing, or nothing that we may see. */
async function realPath(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(Buffer.from(path, "latin1"), { encoding: "buffer" });
    return real.toString("latin1");
  } catch {
    return undefined;
  }
}

/** As web servers do it, since relative links would start from the wrong place. */
function redirectInto({ SCRIPT_NAME, PATH_INFO, QUERY_STRING }: Environ): OwnAnswer {
  const path = encodePathBytes(`${SCRIPT_NAME}${PATH_INFO}/`);
  const query = QUERY_STRING === "" ? "" : `?${QUERY_STRING}`;
  // "//host" would name another host (RFC 3986 §4.2).
  const location = path.startsWith("//") ? `/.${path}` : path;
  return { status: "301 Moved Permanently", headers: [["Location", location + query]] };
}

/** A string of ours as bytes of UTF-8, one code point each, as the variables of a request are. */
function latin1Of(text: string): string {
  return Buffer.from(text).toString("latin1");
}
