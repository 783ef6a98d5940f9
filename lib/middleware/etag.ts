// Entity tags for responses that have none.

import { stat } from "node:fs/promises";
import tagOf from "etag";
import { checkOptions } from "../gateway/option-names.ts";
import type { Body, Chunk, FileBody, Middleware } from "../gateway/types.ts";
import { isFileBody, iteratorOf } from "./response-filter/body-kinds.ts";
import { filterResponse, type ResponseHead } from "./response-filter.ts";

export interface EtagOptions {
  /**
   * Makes weak tags, which do for `If-None-Match` and not for `If-Range`. Right where equal bytes are not promised, such as
   * in front of something that rewrites pages.
   *
   * @defaultValue `false`
   */
  weak?: boolean | undefined;

  /**
   * A body that is no array is held back until it has ended or has more bytes than this. A response of that size at most
   * gets a tag and a length; the client of any other waits for that many bytes before it sees the first. Event streams are
   * never held back.
   *
   * @defaultValue `0` bytes: only arrays and files get a tag
   */
  maxBufferBytes?: number | undefined;
}

/**
 * Adds an `ETag` to responses of status 200 and 201: a digest of bodies that are arrays, size and time of change of those that
 * are files. Left as they are: a response that has a tag, or `Cache-Control: no-store`; the answers to other methods than GET,
 * HEAD and POST, because the tag of a PUT says that what was sent is stored as it was (RFC 9110 §9.3.4).
 *
 * A tag alone saves nothing: put `conditionalGet` around it.
 */
export function etag(options: EtagOptions = {}): Middleware {
  checkOptions("etag()", options, { weak: true, maxBufferBytes: true });
  const { weak = false, maxBufferBytes = 0 } = options;
  const tag = (head: ResponseHead, body: Body): Body | Promise<Body> => {
    if (!wantsTag(head)) return body;
    if (Array.isArray(body)) {
      tagBytes(head, body, weak);
      return body;
    }
    if (isFileBody(body)) return tagFile(head, body, weak);
    return isHeldBack(head, maxBufferBytes) ? tagBuffered(head, body, weak, maxBufferBytes) : body;
  };
  return (application) => (environ, startResponse) =>
    TAGGED_METHODS.has(environ.REQUEST_METHOD)
      ? filterResponse(application, environ, startResponse, tag)
      : application(environ, startResponse);
}

/** What `sendfile` puts in a body's place. */
const SENT_BY_THE_SERVER = ["X-Sendfile", "X-LIGHTTPD-send-file", "X-Accel-Redirect"] as const;

const TAGGED_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST"]);

function wantsTag({ code, headers }: ResponseHead): boolean {
  if ((code !== 200 && code !== 201) || headers.has("ETag")) return false;
  // The web server has the body, and makes the tag of it.
  if (SENT_BY_THE_SERVER.some((name) => headers.has(name))) return false;
  return !/\bno-store\b/i.test(headers.joined("Cache-Control"));
}

function tagBytes({ environ, headers }: ResponseHead, chunks: readonly Chunk[], weak: boolean): void {
  const [only = ""] = chunks;
  const bytes = chunks.length > 1 ? Buffer.concat(chunks.map(bytesOf)) : only;
  // An application that leaves out what HEAD does not need.
  if (bytes.length === 0 && environ.REQUEST_METHOD === "HEAD") return;
  headers.set("ETag", tagOf(typeof bytes === "string" ? bytes : bytesOf(bytes), { weak }));
}

function bytesOf(chunk: Chunk): Buffer {
  return typeof chunk === "string"
    ? Buffer.from(chunk)
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

async function tagFile({ headers }: ResponseHead, body: FileBody, weak: boolean): Promise<Body> {
  const { start, end } = body.range;
  // Whoever sends a part with a 200 has a resource of its own in the file.
  if (start !== undefined || end !== undefined) return body;
  // A file that is not there is somebody else's error, in a moment.
  const found = await stat(body.path).catch(() => undefined);
  if (found !== undefined) headers.set("ETag", tagOf(found, { weak }));
  return body;
}

function isHeldBack({ headers }: ResponseHead, maxBufferBytes: number): boolean {
  if (maxBufferBytes <= 0 || Number(headers.get("Content-Length")) > maxBufferBytes) return false;
  return !/^text\/event-stream\b/i.test(headers.get("Content-Type") ?? "");
}

async function tagBuffered(head: ResponseHead, body: Body, weak: boolean, maxBytes: number): Promise<Body> {
  const iterator = iteratorOf(body);
  const chunks: Chunk[] = [];
  let size = 0;
  while (size <= maxBytes) {
    const step = await iterator.next();
    if (step.done === true) {
      // The application may have failed meanwhile, and put another head in its place.
      if (wantsTag(head)) tagBytes(head, chunks, weak);
      return chunks;
    }
    chunks.push(step.value);
    size += Buffer.byteLength(step.value);
  }
  return resumed(chunks, body);
}

async function* resumed(chunks: readonly Chunk[], rest: Body): AsyncGenerator<Chunk> {
  yield* chunks;
  yield* rest;
}
