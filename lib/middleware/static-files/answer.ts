import type { Stats } from "node:fs";
import tagOf from "etag";
import { isFresh, isOutdated, type Validators } from "../../gateway/conditions.ts";
import { encodePathBytes, percentEncoded } from "../../gateway/path.ts";
import { rangeOf } from "../../gateway/range.ts";
import type { Application, Body, Environ, StartResponse } from "../../gateway/types.ts";
import { acceptedEncoding } from "../compression/accepted-encoding.ts";
import { HeaderList } from "../response-filter/header-list.ts";
import type { PrecompressedCoding } from "../static-files.ts";
import { FileResponse, plainAnswer } from "./file-response.ts";
import type { Folder } from "./folder.ts";
import { type FoundFile, findBeside, findFile, WITHOUT_SLASH } from "./found-file.ts";
import { mediaType } from "./media-type.ts";

const ENDINGS: Readonly<Record<PrecompressedCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/** Answers with a file of the folder, or has `otherwise` answer. */
export async function answer(
  folder: Folder,
  path: string,
  environ: Environ,
  startResponse: StartResponse,
  otherwise: Application,
): Promise<Body> {
  const found = await findFile(folder, path);
  if (found === undefined) return otherwise(environ, startResponse);
  const { REQUEST_METHOD: method } = environ;
  if (method !== "GET" && method !== "HEAD")
    return plainAnswer(startResponse, "405 Method Not Allowed", [["Allow", "GET, HEAD"]]);
  if (found === WITHOUT_SLASH)
    return plainAnswer(startResponse, "301 Moved Permanently", [["Location", withSlash(environ)]]);
  if ("folder" in found) return sendListing(folder, found.folder, startResponse);
  return sendFile(folder, found, environ, startResponse);
}

async function sendListing(folder: Folder, name: string, startResponse: StartResponse): Promise<Body> {
  const { listingPage } = await import("./listing.ts");
  const page = await listingPage(folder, name);
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [page];
}

async function sendFile(
  folder: Folder,
  found: FoundFile,
  environ: Environ,
  startResponse: StartResponse,
): Promise<Body> {
  const { file, coding } = await chooseVariant(folder, found, environ);
  const { size } = file.stats;
  const headers = headersOf(folder, found, file.stats, coding);
  const validators: Validators = {
    etag: headers.get("ETag") ?? "",
    lastModified: headers.get("Last-Modified") ?? "",
  };
  if (isOutdated(environ, validators)) return plainAnswer(startResponse, "412 Precondition Failed");
  if (isFresh(environ, validators)) {
    // RFC 9110 §15.4.5: nothing that the client has already.
    for (const name of ["Content-Type", "Content-Encoding", "Accept-Ranges", "Last-Modified"])
      headers.remove(name);
    startResponse("304 Not Modified", headers.list);
    return [];
  }
  const range = rangeOf(environ, size, validators);
  if (range === "unsatisfiable")
    return plainAnswer(startResponse, "416 Range Not Satisfiable", [["Content-Range", `bytes */${size}`]]);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers.add("Content-Length", String(end - start + 1));
  if (range !== undefined) headers.add("Content-Range", `bytes ${start}-${end}/${size}`);
  startResponse(range === undefined ? "200 OK" : "206 Partial Content", headers.list);
  const inside = folder.followLinks ? undefined : folder.path;
  return new FileResponse(file.path, range ?? {}, inside, environ, startResponse);
}

/** The file, or the one beside it in the coding that the client likes best. */
async function chooseVariant(
  folder: Folder,
  found: FoundFile,
  environ: Environ,
): Promise<{ readonly file: FoundFile; readonly coding?: PrecompressedCoding }> {
  let codings = folder.precompressed;
  while (codings.length > 0) {
    const coding = acceptedEncoding(environ, codings);
    if (coding === undefined || coding === "identity") break;
    const file = await findBeside(folder, found, ENDINGS[coding]);
    if (file !== undefined) return { file, coding };
    codings = codings.filter((other) => other !== coding);
  }
  return { file: found };
}

function headersOf(
  folder: Folder,
  { name }: FoundFile,
  stats: Stats,
  coding: PrecompressedCoding | undefined,
): HeaderList {
  const headers = new HeaderList([
    ["Content-Type", mediaType(name, folder.types)],
    ["Last-Modified", stats.mtime.toUTCString()],
    ["ETag", tagFor(stats, coding)],
    ["Accept-Ranges", "bytes"],
  ]);
  if (folder.cacheControl !== undefined) headers.add("Cache-Control", folder.cacheControl);
  if (folder.precompressed.length > 0) headers.add("Vary", "Accept-Encoding");
  if (coding !== undefined) headers.add("Content-Encoding", coding);
  for (const [other, value] of folder.headers?.(name) ?? []) headers.set(other, value);
  return headers;
}

/** Strong, as web servers make it of the same, so that a download can be resumed; files beside each other have their own. */
function tagFor(stats: Stats, coding: PrecompressedCoding | undefined): string {
  const tag = tagOf(stats, { weak: false });
  return coding === undefined ? tag : `${tag.slice(0, -1)}-${coding}"`;
}

/** Where the folder's index is, as a path, so that no Host and no empty segment leads elsewhere. */
function withSlash({ SCRIPT_NAME, PATH_INFO, QUERY_STRING }: Environ): string {
  const path = encodePathBytes(`${SCRIPT_NAME}${PATH_INFO}/`).replace(/^\/+/, "/");
  if (QUERY_STRING === "") return path;
  return `${path}?${QUERY_STRING.replace(/[^!-~]/g, (byte) => percentEncoded(byte.charCodeAt(0)))}`;
}
