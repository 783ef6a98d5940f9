import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../../errors.ts";
import type { Application, Chunk } from "../../gateway/types.ts";
import { type PageError, type PageKind, TYPES } from "./page.ts";
import { subRequest } from "./sub-request.ts";

/**
 * Where a page comes from: a file (`.html`, `.json` or `.txt`, for clients that take that), a path that the application is
 * asked for with GET, below where it is mounted, or a function that writes it in the form of `error.kind`. What a function
 * gives `undefined` for has the standard page.
 */
export type PageSource =
  | { readonly file: string | URL }
  | { readonly path: string }
  | ((error: PageError) => string | undefined | Promise<string | undefined>);

/** A page that can be sent. */
export interface Content {
  readonly type: string;
  readonly chunks: readonly Chunk[];
}

/** Undefined where the source has nothing for a client. */
export type Source = (
  error: PageError,
  application: Application,
) => Content | undefined | Promise<Content | undefined>;

/** @throws {GatewayError} `OPTION` when the status or the page is none */
export function sourceOf(code: string, source: PageSource): readonly [status: number, Source] {
  const status = Number(code);
  if (!(status >= 400 && status <= 599)) throw fault(`there is no error of status ${code}`);
  if (typeof source === "function") return [status, fromFunction(source)];
  if ("file" in source) return [status, fromFile(source.file)];
  if (typeof source.path === "string" && source.path.startsWith("/")) return [status, fromPath(source.path)];
  throw fault(
    `the page of status ${code} is neither a file, nor a path that begins with "/", nor a function`,
  );
}

function fault(sentence: string): GatewayError {
  return new GatewayError("OPTION", sentence);
}

function fromFunction(write: (error: PageError) => string | undefined | Promise<string | undefined>): Source {
  return (error) => {
    const contentOf = (text: string | undefined) =>
      text === undefined ? undefined : { type: TYPES[error.kind], chunks: [text] };
    const text = write(error);
    return text instanceof Promise ? text.then(contentOf) : contentOf(text);
  };
}

const KINDS: Readonly<Record<string, PageKind>> = { ".html": "html", ".json": "json", ".txt": "text" };

function fromFile(file: string | URL): Source {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  const kind = KINDS[extname(path)];
  if (kind === undefined || statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw fault(`${path} is no file that ends with .html, .json or .txt`);
  return async (error) =>
    error.kind === kind ? { type: TYPES[kind], chunks: [await readFile(path)] } : undefined;
}

function fromPath(path: string): Source {
  return (error, application) => subRequest(application, error.environ, path, error.status);
}
