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
  /** Told that there is no PATH_INFO, and that the path of REQUEST_URI is not below SCRIPT_NAME either. */
  readonly onMismatch?: (() => void) | undefined;
}

/** PEP 3333's, of which this is the interface. */
export const WSGI_VERSION = Object.freeze([1, 0] as const);

/**
 * Completes the variables of a request to an environ: required names are filled in, known front ends repaired,
 * the gateway's own values added.
 *
 * @throws {ProtocolError} `REQUEST_METHOD` when there is none, `CONTENT_LENGTH` when it is no number, `REQUEST_URI` when
 *   nothing else says what the path is and it has dot segments
 */
export function completeEnviron(environ: Environ, values: GatewayValues, options: EnvironOptions): void {
  if (options.environ !== undefined) Object.assign(environ, options.environ);
  checkMethod(environ.REQUEST_METHOD);
  checkLength(environ.CONTENT_LENGTH);
  // nginx sends the first two empty where there is no body.
  for (const name of NEVER_EMPTY) if (environ[name] === "") delete environ[name];
  completePath(environ, options);
  environ.QUERY_STRING = completions.QUERY_STRING(environ);
  environ.SERVER_NAME = completions.SERVER_NAME(environ);
  environ.SERVER_PORT = completions.SERVER_PORT(environ);
  environ.SERVER_PROTOCOL = completions.SERVER_PROTOCOL(environ);
  environ["wsgi.url_scheme"] = completions["wsgi.url_scheme"](environ);
  addGatewayValues(environ, values);
}

/** Adds what the server makes for each request to an environ that has all the rest. */
export function addGatewayValues(environ: Environ, values: GatewayValues): void {
  environ["wsgi.version"] = WSGI_VERSION;
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

/** Left out where they are empty. */
const NEVER_EMPTY = ["CONTENT_LENGTH", "CONTENT_TYPE", "REMOTE_USER"] as const;

/** @throws {ProtocolError} `REQUEST_METHOD` when there is none */
export function checkMethod(method: string | undefined): void {
  if (!method) throw new ProtocolError("REQUEST_METHOD", "the web server sent no REQUEST_METHOD");
}

/** @throws {ProtocolError} `CONTENT_LENGTH` when it is neither empty nor a number */
export function checkLength(length: string | undefined): void {
  if (length === undefined || length === "") return;
  if (!/^\d+$/.test(length) || Number(length) > Number.MAX_SAFE_INTEGER)
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH is not a number of bytes");
}

/** What {@link completePath} looks at. */
export interface PathVariables {
  SCRIPT_NAME?: string | undefined;
  PATH_INFO?: string | undefined;
  readonly REQUEST_URI?: string | undefined;
  readonly SERVER_SOFTWARE?: string | undefined;
  readonly DOCUMENT_URI?: unknown;
  readonly SCRIPT_FILENAME?: unknown;
}

/**
 * Sets SCRIPT_NAME and PATH_INFO, whatever the front end made of them.
 *
 * @throws {ProtocolError} `REQUEST_URI` when nothing else says what the path is and it has dot segments
 */
export function completePath(variables: PathVariables, options: EnvironOptions): void {
  if (options.scriptName !== undefined) mountAt(variables, options.scriptName);
  else {
    const repair = repairMount(variables, options.repair ?? true);
    if (repair !== undefined) options.onRepair?.(repair);
  }
  let { SCRIPT_NAME: mount = "" } = variables;
  let rest = variables.PATH_INFO ?? below(mount, requestPath(variables));
  if (rest === undefined) {
    options.onMismatch?.();
    rest = "";
  }
  // A mount point that was configured with its slash at the end; the slash belongs to the path below it.
  if (mount.endsWith("/")) {
    mount = mount.slice(0, -1);
    if (!rest.startsWith("/")) rest = `/${rest}`;
  }
  if (mount === "" && rest === "") rest = "/";
  variables.SCRIPT_NAME = mount;
  variables.PATH_INFO = rest;
}

/** What {@link completions} look at. */
export interface ServerVariables {
  readonly QUERY_STRING?: string | undefined;
  readonly REQUEST_URI?: string | undefined;
  readonly SERVER_NAME?: string | undefined;
  readonly SERVER_PORT?: string | undefined;
  readonly SERVER_PROTOCOL?: string | undefined;
  readonly HTTP_HOST?: string | undefined;
  readonly HTTPS?: string | undefined;
  readonly REQUEST_SCHEME?: unknown;
}

/** Required variables that are the front end's where it sends them, and else follow from others. */
export const completions = {
  QUERY_STRING: ({ QUERY_STRING: query, REQUEST_URI: uri }: ServerVariables): string =>
    query ?? (uri === undefined ? "" : targetQuery(uri)),
  // nginx sends an empty name for `server_name ""`.
  SERVER_NAME: (variables: ServerVariables): string =>
    variables.SERVER_NAME || variables.HTTP_HOST?.replace(/:\d*$/, "") || "localhost",
  SERVER_PORT: (variables: ServerVariables): string =>
    variables.SERVER_PORT || (isSecure(variables) ? "443" : "80"),
  SERVER_PROTOCOL: (variables: ServerVariables): string => variables.SERVER_PROTOCOL || "HTTP/1.0",
  "wsgi.url_scheme": (variables: ServerVariables): "http" | "https" =>
    isSecure(variables) ? "https" : "http",
} as const;

function isSecure({ HTTPS: https, REQUEST_SCHEME: scheme }: ServerVariables): boolean {
  if (https === undefined || https === "") return scheme === "https";
  return https === "on" || https === "1" || https.toLowerCase() === "on";
}
