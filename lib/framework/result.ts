// What a handler may return, and the body it becomes.

import { ApplicationError } from "../errors.ts";
import type { Body, Header } from "../gateway/types.ts";
import { EventStream } from "./event-stream.ts";
import type { Exchange } from "./exchange.ts";
import { FileResult } from "./file-result.ts";
import { HttpResponse } from "./http-response.ts";
import { MountedResponse } from "./mount.ts";
import { withCharset } from "./response-headers.ts";
import { isFileBody, StreamedBody } from "./streamed-body.ts";
import { TemplateResult } from "./template-result.ts";
import { isThenable } from "./thenable.ts";

const HTML = "text/html; charset=utf-8";
const BYTES = "application/octet-stream";
const UNFIT = "an Error or a fetch Response: throw the first, and return the body of the second";

/**
 * Text becomes HTML, an object or array becomes JSON, bytes and streams are sent as they come, nothing becomes
 * an empty page. A type that the handler has set stays. A stream's first chunk is drawn here.
 *
 * @throws ApplicationError `RESULT`: nothing of these
 */
export function toBody(exchange: Exchange, result: unknown): Body | Promise<Body> {
  switch (typeof result) {
    case "string":
      exchange.headers.defaultType(HTML);
      return [result];
    case "undefined":
      exchange.headers.defaultType(HTML);
      return [];
    case "number":
    case "bigint":
    case "boolean":
      exchange.headers.defaultType(HTML);
      return [String(result)];
    case "object":
      return objectBody(exchange, result);
  }
  throw new ApplicationError("RESULT", `a handler returned a ${typeof result}, which is no response`);
}

function objectBody(exchange: Exchange, result: object | null): Body | Promise<Body> {
  if (result === null) return toBody(exchange, undefined);
  if (isThenable(result)) return Promise.resolve(result).then((value) => toBody(exchange, value));
  if (result instanceof HttpResponse) return toBody(exchange, exchange.take(result));
  if (result instanceof TemplateResult) {
    exchange.headers.defaultType(result.type);
    return [result.text];
  }
  if (result instanceof Uint8Array) {
    exchange.headers.defaultType(BYTES);
    return [result];
  }
  if (result instanceof MountedResponse) {
    const { status, code, headers } = result.begun;
    exchange.status = code;
    exchange.mountedStatus = status;
    for (const [name, value] of headers) exchange.headers.add(name, value);
    return StreamedBody.start(result, () => exchange.end());
  }
  if (result instanceof EventStream) {
    exchange.headers.defaultType("text/event-stream");
    if (!exchange.headers.has("Cache-Control")) exchange.headers.add("Cache-Control", "no-cache");
    // nginx holds a response back until its buffer is full, unless it is told not to.
    exchange.headers.add("X-Accel-Buffering", "no");
    return StreamedBody.start(result.chunks(), () => exchange.end());
  }
  if (result instanceof FileResult) {
    const headers: Header[] = [["Content-Type", result.type], ...result.headers];
    for (const [name, value] of headers) if (!exchange.headers.has(name)) exchange.headers.add(name, value);
    if (result.status === 206) exchange.status = 206;
    exchange.headers.add("Content-Length", result.size);
    return result.body;
  }
  if (isFileBody(result)) {
    exchange.headers.defaultType(BYTES);
    return result;
  }
  if (!Array.isArray(result) && (Symbol.asyncIterator in result || Symbol.iterator in result)) {
    exchange.headers.defaultType("pipe" in result || "getReader" in result ? BYTES : HTML);
    return StreamedBody.start(result as AsyncIterable<unknown>, () => exchange.end());
  }
  // As JSON these would be "{}", which is never what was meant. A Blob or an ArrayBuffer is what its name says, whoever made it.
  const kind = Object.prototype.toString.call(result);
  if (kind === "[object ArrayBuffer]") return toBody(exchange, new Uint8Array(result as ArrayBuffer));
  if (kind === "[object Blob]" || kind === "[object File]") return blobBody(exchange, result as Blob);
  if (result instanceof Error || kind === "[object Response]") {
    throw new ApplicationError("RESULT", `a handler returned ${UNFIT}`, { cause: result });
  }
  const json = JSON.stringify(result);
  if (json === undefined)
    throw new ApplicationError("RESULT", "a handler returned an object without a JSON form");
  exchange.headers.defaultType("application/json");
  return [json];
}

function blobBody(exchange: Exchange, blob: Blob): Body | Promise<Body> {
  exchange.headers.defaultType(String(withCharset("Content-Type", blob.type || BYTES)));
  exchange.headers.add("Content-Length", blob.size);
  return toBody(exchange, blob.stream());
}
