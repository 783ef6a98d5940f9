// The environ that a server would make of a request that is described here.

import { Readable, type Writable } from "node:stream";
import { completeEnviron } from "../gateway/environ.ts";
import { ErrorStream } from "../gateway/error-stream.ts";
import { decodePath, targetPath, targetQuery } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";
import { addVariable, emptyEnviron } from "../gateway/variables.ts";
import type { CallRequest } from "./call.ts";

/** What belongs to the run of a request. */
interface Surroundings {
  readonly errors: Writable;
  readonly cancellation: AbortController;
}

/**
 * An environ for an application or a middleware that is called by hand.
 *
 * @param target path and query as in a request line, percent-encoded and below `scriptName`
 * @param surroundings left out, errors are dropped and nothing is aborted
 */
export function requestEnviron(
  target: string,
  request: CallRequest = {},
  surroundings: Surroundings = {
    errors: new ErrorStream(() => {}),
    cancellation: new AbortController(),
  },
): Environ {
  const environ = variablesOf(target, request);
  completeEnviron(
    environ,
    { ...surroundings, input: inputOf(request.body), multithread: true, multiprocess: false, runOnce: false },
    {},
  );
  return Object.assign(environ, request.environ);
}

function variablesOf(target: string, request: CallRequest): Environ {
  const environ = emptyEnviron();
  const host = request.host ?? "localhost:8080";
  const scriptName = request.scriptName ?? "";
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const { body } = request;
  environ.REQUEST_METHOD = request.method ?? "GET";
  environ.SCRIPT_NAME = scriptName;
  environ.PATH_INFO = decodePath(targetPath(target));
  environ.QUERY_STRING = targetQuery(target);
  environ.REQUEST_URI = scriptName + target;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = port ?? (request.https === true ? "443" : "80");
  environ.SERVER_PROTOCOL = "HTTP/1.1";
  environ.REMOTE_ADDR = "127.0.0.1";
  if (request.https === true) environ.HTTPS = "on";
  if (typeof body === "string" || body instanceof Uint8Array) {
    environ.CONTENT_LENGTH = String(Buffer.byteLength(body));
  } else if (body !== undefined) environ["postern.chunked"] = true;
  const headers = request.headers ?? [];
  environ.HTTP_HOST = host;
  for (const [header, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    const variable = header.toUpperCase().replaceAll("-", "_");
    if (variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH") environ[variable] = value;
    else if (variable === "HOST") environ.HTTP_HOST = value;
    else addVariable(environ, `HTTP_${variable}`, value);
  }
  return environ;
}

function inputOf(body: CallRequest["body"]): Readable {
  if (body === undefined) return Readable.from([], { objectMode: false });
  if (typeof body === "string") return Readable.from([Buffer.from(body)], { objectMode: false });
  if (body instanceof Uint8Array) return Readable.from([body], { objectMode: false });
  return Readable.from(body, { objectMode: false });
}
