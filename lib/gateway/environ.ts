// From the variables that a peer sent to the environ that an application gets.

import type { Readable, Writable } from "node:stream";
import { ProtocolError } from "../errors.ts";
import { fileWrapper } from "./file-body.ts";
import { below, targetQuery } from "./path.ts";
import { mountAt, type Repairs, repairMount, requestPath } from "./repair.ts";
import { defineSignal } from "./signal.ts";
import type { Environ } from "./types.ts";

/** What the server adds to the variables of a request. */
export interface GatewayValues {
  readonly input: Readable;
  readonly errors: Writable;
  /** Holds `postern.signal`, which is made when it is first read. */
  readonly cancellation: AbortController;
  readonly multithread: boolean;
  readonly multiprocess: boolean;
  readonly runOnce: boolean;
}

/** How an operator changes what a front end says. */
export interface EnvironOptions {
  readonly environ?: Readonly<Record<string, string>> | undefined;
  readonly scriptName?: string | undefined;
  readonly repair?: Repairs | undefined;
  /** Told which repair was applied, in words. */
  readonly onRepair?: ((repair: string) => void) | undefined;
}

const VERSION = Object.freeze([1, 0] as const);

/**
 * Completes the variables of a request to an environ: required names are filled in, known front ends repaired,
 * the gateway's own values added.
 *
 * @throws {ProtocolError} `REQUEST_METHOD` when there is none, `CONTENT_LENGTH` when it is no number, `REQUEST_URI` when
 *   nothing else says what the path is and it has dot segments
 */
export function completeEnviron(environ: Environ, values: GatewayValues, options: EnvironOptions): void {
  if (options.environ !== undefined) Object.assign(environ, options.environ);
  if (!environ.REQUEST_METHOD)
    throw new ProtocolError("REQUEST_METHOD", "the web server sent no REQUEST_METHOD");
  fixBody(environ);
  if (environ.REMOTE_USER === "") delete environ.REMOTE_USER;
  if (options.scriptName !== undefined) mountAt(environ, options.scriptName);
  else {
    const repair = repairMount(environ, options.repair ?? true);
    if (repair !== undefined) options.onRepair?.(repair);
  }
  fillPath(environ);
  fillServer(environ);

  environ["wsgi.url_scheme"] = isSecure(environ) ? "https" : "http";
  addGatewayValues(environ, values);
}

/** Adds what the server makes for each request to an environ that has all the rest. */
export function addGatewayValues(environ: Environ, values: GatewayValues): void {
  environ["wsgi.version"] = VERSION;
  environ["wsgi.input"] = values.input;
  environ["wsgi.errors"] = values.errors;
  environ["wsgi.multithread"] = values.multithread;
  environ["wsgi.multiprocess"] = values.multiprocess;
  environ["wsgi.run_once"] = values.runOnce;
  environ["postern.file_wrapper"] = fileWrapper;
  defineSignal(environ, values.cancellation);
}

/** The length of the body that a request announces; undefined when it does not say. */
export function contentLengthOf(environ: Environ): number | undefined {
  return environ.CONTENT_LENGTH === undefined ? undefined : Number(environ.CONTENT_LENGTH);
}

function fixBody(environ: Environ): void {
  const length = environ.CONTENT_LENGTH;
  // nginx sends both names empty where there is no body.
  if (length === "") delete environ.CONTENT_LENGTH;
  else if (length !== undefined && (!/^\d+$/.test(length) || Number(length) > Number.MAX_SAFE_INTEGER)) {
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH is not a number of bytes");
  }
  if (environ.CONTENT_TYPE === "") delete environ.CONTENT_TYPE;
}

function fillPath(environ: Environ): void {
  environ.SCRIPT_NAME ??= "";
  environ.PATH_INFO ??= below(environ.SCRIPT_NAME, requestPath(environ)) ?? "";
  // A mount point that was configured with its slash at the end; the slash belongs to the path below it.
  if (environ.SCRIPT_NAME.endsWith("/")) {
    environ.SCRIPT_NAME = environ.SCRIPT_NAME.slice(0, -1);
    if (!environ.PATH_INFO.startsWith("/")) environ.PATH_INFO = `/${environ.PATH_INFO}`;
  }
  if (environ.SCRIPT_NAME === "" && environ.PATH_INFO === "") environ.PATH_INFO = "/";
  environ.QUERY_STRING ??= environ.REQUEST_URI === undefined ? "" : targetQuery(environ.REQUEST_URI);
}

function fillServer(environ: Environ): void {
  // nginx sends an empty name for `server_name ""`.
  if (!environ.SERVER_NAME) environ.SERVER_NAME = environ.HTTP_HOST?.replace(/:\d*$/, "") || "localhost";
  if (!environ.SERVER_PORT) environ.SERVER_PORT = isSecure(environ) ? "443" : "80";
  if (!environ.SERVER_PROTOCOL) environ.SERVER_PROTOCOL = "HTTP/1.0";
}

function isSecure(environ: Environ): boolean {
  const https = environ.HTTPS;
  if (https === undefined || https === "") return environ["REQUEST_SCHEME"] === "https";
  return https === "on" || https === "1" || https.toLowerCase() === "on";
}
