import {
  type BrotliCompress,
  type BrotliOptions,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  type Gzip,
  gzipSync,
} from "node:zlib";
import { GatewayError } from "../../errors.ts";

/** A coding that is made while a response is sent. */
export type CompressionCoding = "br" | "gzip";

/** How one coding is made. */
export interface Compressor {
  readonly coding: CompressionCoding;
  /** For `flush()` of a stream: what was written can be unpacked from what was read. */
  readonly flushKind: number;
  atOnce(bytes: Uint8Array): Buffer;
  /** Holds memory outside of JavaScript's until it has ended or is destroyed. */
  stream(): BrotliCompress | Gzip;
}

/** How much it costs; see `CompressionOptions`. */
export interface Effort {
  readonly gzipLevel?: number | undefined;
  readonly brotliQuality?: number | undefined;
}

/** @throws {GatewayError} `OPTION` when there is no such coding or effort */
export function compressorOf(coding: CompressionCoding, effort: Effort): Compressor {
  if (coding === "gzip") return gzip(inRange("gzipLevel", effort.gzipLevel ?? 6, 9));
  if (coding === "br") return brotli(inRange("brotliQuality", effort.brotliQuality ?? 4, 11));
  throw new GatewayError("OPTION", `there is no coding ${JSON.stringify(coding)}; give "br" or "gzip"`);
}

function gzip(level: number): Compressor {
  return {
    coding: "gzip",
    flushKind: constants.Z_SYNC_FLUSH,
    atOnce: (bytes) => gzipSync(bytes, { level }),
    stream: () => createGzip({ level }),
  };
}

function brotli(quality: number): Compressor {
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
  const options: BrotliOptions = { params };
  return {
    coding: "br",
    flushKind: constants.BROTLI_OPERATION_FLUSH,
    atOnce: (bytes) =>
      brotliCompressSync(bytes, { params: { ...params, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    stream: () => createBrotliCompress(options),
  };
}

function inRange(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new GatewayError("OPTION", `"${name}" is ${value}; give a whole number from 0 to ${most}`);
}
