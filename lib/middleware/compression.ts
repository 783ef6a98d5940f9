// Smaller responses for clients that can unpack them.

import compressible from "compressible";
import { GatewayError } from "../errors.ts";
import { isBodyless } from "../gateway/head.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Body, Chunk, Environ, Middleware, StartResponse } from "../gateway/types.ts";
import { acceptedEncoding } from "./compression/accepted-encoding.ts";
import { type CompressionCoding, type Compressor, compressorOf } from "./compression/compressor.ts";
import { deflatedBody } from "./compression/deflated-body.ts";
import { isFileBody } from "./response-filter/body-kinds.ts";
import { HeaderList } from "./response-filter/header-list.ts";
import { HeldBody } from "./response-filter/held-body.ts";
import { DRAW_FIRST, filterResponse, type ResponseHead } from "./response-filter.ts";

export type { CompressionCoding };

export interface CompressionOptions {
  /**
   * A body whose size is known is compressed from this many bytes on: a smaller one gains nothing. Where the client refuses to
   * take it as it is (`identity;q=0`), any is.
   *
   * @defaultValue `1024` bytes
   */
  thresholdBytes?: number | undefined;

  /**
   * The codings that are used; of those that a client likes equally, the first here.
   *
   * @defaultValue `["br", "gzip"]`
   */
  codings?: readonly CompressionCoding[] | undefined;

  /**
   * From 0, fast, to 9, small.
   *
   * @defaultValue `6`
   */
  gzipLevel?: number | undefined;

  /**
   * From 0, fast, to 11, small. From about 6 on it costs more time than most responses have.
   *
   * @defaultValue `4`
   */
  brotliQuality?: number | undefined;

  /**
   * Which responses are compressed, by their type and whatever else the head says. Event streams never are, nor is what has a
   * `Content-Encoding`, what says `Cache-Control: no-transform`, and a part of something (206).
   *
   * @defaultValue those whose type is known to be compressible, by the package of that name
   */
  filter?: ((head: ResponseHead, type: string) => boolean) | undefined;

  /**
   * Sends what is there of a body that is not an array when a chunk has come, so that no client waits for the next one. Costs some
   * bytes for each chunk; switch it off for bodies of many small chunks that come fast.
   *
   * @defaultValue `true`
   */
  flush?: boolean | undefined;
}

/** An array of at most this many bytes is compressed in one go, which takes about two milliseconds. */
const AT_ONCE_BYTES = 65_536;

/**
 * Compresses responses with brotli or gzip, as the client's `Accept-Encoding` has it. `Content-Length` and `Accept-Ranges` go, a
 * strong `ETag` becomes a weak one, and `Vary: Accept-Encoding` is added, also to what is not compressed for this client alone.
 * An array of up to 64 KiB is compressed at once and stays an array, or is sent as it is where it would get no smaller; anything
 * else is compressed chunk by chunk, not faster than the client takes it. What is sent with `write` is not compressed.
 *
 * Danger: where a page holds a secret, such as a form token, beside text that an attacker chooses, the length of the compressed page
 * tells the secret bit by bit (BREACH). Leave such pages out with `filter`, or change the secret at every response.
 *
 * @throws {GatewayError} `OPTION` when a number is out of its range, or there is no coding
 */
export function compression(options: CompressionOptions = {}): Middleware {
  checkOptions("compression()", options, {
    thresholdBytes: true,
    codings: true,
    gzipLevel: true,
    brotliQuality: true,
    filter: true,
    flush: true,
  });
  const { thresholdBytes = 1024, codings = ["br", "gzip"], filter = isCompressible, flush = true } = options;
  if (!(thresholdBytes >= 0))
    throw new GatewayError("OPTION", `"thresholdBytes" is ${thresholdBytes}; give a number of bytes`);
  if (codings.length === 0)
    throw new GatewayError("OPTION", '"codings" is empty; leave the middleware out instead');
  const compressors = codings.map((coding) => compressorOf(coding, options));

  const vary = (head: ResponseHead): boolean => {
    // RFC 9110 §15.4.5: a 304 has no type any more, and says what the 200 would.
    const depends = head.code === 304 || isMeant(head, filter);
    if (depends) head.headers.vary("Accept-Encoding");
    return depends && !UNCHANGED.has(head.code);
  };
  const compress = (head: ResponseHead, body: Body): Body | typeof DRAW_FIRST => {
    if (!vary(head)) return body;
    const size = sizeOf(head, body);
    if (size === 0 || (size < thresholdBytes && !refusesIdentity(head.environ))) return body;
    const coding = acceptedEncoding(head.environ, codings);
    const compressor = compressors.find((one) => one.coding === coding);
    if (compressor === undefined) return body;
    if (isFileBody(body) && head.environ.REQUEST_METHOD !== "HEAD") return DRAW_FIRST;
    return compressed(head, body, size, compressor, flush);
  };
  return (application) => (environ, startResponse) =>
    environ.HTTP_ACCEPT_ENCODING === undefined
      ? application(environ, varied(environ, startResponse, vary))
      : filterResponse(application, environ, startResponse, compress, vary);
}

/** A part has the lengths of its whole; the other has no body. */
const UNCHANGED: ReadonlySet<number> = new Set([206, 304]);

/** By what is registered for the type: text of all kinds, JSON, XML, fonts and images that are not compressed themselves. */
function isCompressible(_head: ResponseHead, type: string): boolean {
  return compressible(type) === true;
}

function isMeant(head: ResponseHead, filter: NonNullable<CompressionOptions["filter"]>): boolean {
  const { code, headers } = head;
  const type = headers.get("Content-Type");
  if (type === undefined || isBodyless(code) || headers.has("Content-Encoding")) return false;
  // What a client waits for event by event.
  if (/^text\/event-stream\b/i.test(type)) return false;
  return !/\bno-transform\b/i.test(headers.joined("Cache-Control")) && filter(head, type);
}

/** Of the body, in bytes; infinite where nobody knows. */
function sizeOf({ environ, headers }: ResponseHead, body: Body): number {
  if (Array.isArray(body)) {
    let bytes = 0;
    for (const chunk of body as Chunk[]) bytes += Buffer.byteLength(chunk);
    // An application may leave out what HEAD does not need.
    if (bytes > 0 || environ.REQUEST_METHOD !== "HEAD") return bytes;
    return Number(headers.get("Content-Length") ?? 0);
  }
  return Number(headers.get("Content-Length") ?? Number.POSITIVE_INFINITY);
}

function refusesIdentity(environ: Environ): boolean {
  // Hardly a client does, so that most need not be read closely.
  return /;\s*q=0/i.test(environ.HTTP_ACCEPT_ENCODING ?? "") && acceptedEncoding(environ, []) === undefined;
}

function compressed(
  head: ResponseHead,
  body: Body,
  size: number,
  compressor: Compressor,
  flush: boolean,
): Body {
  const whole = Array.isArray(body) && size <= AT_ONCE_BYTES ? joined(body) : NOTHING;
  // Left out for HEAD, it has the size of what GET gets, and its bytes would be no measure.
  if (whole.length > 0) {
    const bytes = compressor.atOnce(whole);
    if (bytes.length >= size && !refusesIdentity(head.environ)) return body;
    setCoding(head, compressor);
    return [bytes];
  }
  setCoding(head, compressor);
  if (head.environ.REQUEST_METHOD === "HEAD") return [];
  const comesAtOnce = Array.isArray(body) || (body instanceof HeldBody && body.isFile);
  return deflatedBody(body, compressor, flush && !comesAtOnce);
}

const NOTHING = new Uint8Array();

function joined(chunks: readonly Chunk[]): Uint8Array {
  const bytes = chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk));
  const [only] = bytes;
  return bytes.length === 1 && only !== undefined ? only : Buffer.concat(bytes);
}

function setCoding({ headers }: ResponseHead, { coding }: Compressor): void {
  headers.set("Content-Encoding", coding);
  headers.remove("Content-Length");
  // Ranges are of the bytes as they lie on the disk.
  headers.remove("Accept-Ranges");
  const tag = headers.get("ETag");
  if (tag?.startsWith('"')) headers.set("ETag", `W/${tag}`);
}

/** For a client that takes nothing but the response as it is, whose body so stays what it is. */
function varied(
  environ: Environ,
  startResponse: StartResponse,
  vary: (head: ResponseHead) => boolean,
): StartResponse {
  return (status, headers, error) => {
    const list = new HeaderList([...headers]);
    vary({ environ, status, code: Number(status.slice(0, 3)), headers: list });
    return startResponse(status, list.list, error);
  };
}
