import { GatewayError, ProtocolError } from "../errors.ts";
import { completeEnviron, contentLengthOf, type GatewayValues } from "../gateway/environ.ts";
import { addHeader } from "../gateway/header-variable.ts";
import { printable } from "../gateway/log.ts";
import { decodePath, targetPath } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";
import { REQUEST_VARIABLES } from "../gateway/variables.ts";
import type { ForwardRequest } from "../protocols/ajp13/forward-request.ts";
import type { AjpContext } from "./ajp-context.ts";

/** Attributes that web servers send by name where the protocol has no number, and what they mean. */
const KNOWN_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["AJP_REMOTE_PORT", "REMOTE_PORT"],
  ["AJP_LOCAL_ADDR", "SERVER_ADDR"],
  ["AJP_SSL_PROTOCOL", "SSL_PROTOCOL"],
]);

/** Variables that say what the request is, who sent it, or how it came: never the operator's to set by an attribute. */
const RESERVED: ReadonlySet<string> = new Set([
  ...REQUEST_VARIABLES,
  "DOCUMENT_URI",
  "GATEWAY_INTERFACE",
  "PATH_INFO",
  "PATH_TRANSLATED",
  "SCRIPT_FILENAME",
  "SCRIPT_NAME",
  "SERVER_SOFTWARE",
  "SSL_CIPHER",
  "SSL_CIPHER_USEKEYSIZE",
  "SSL_CLIENT_CERT",
  "SSL_PROTOCOL",
  "SSL_SESSION_ID",
]);

/**
 * Option `ajpAttributes`, checked.
 *
 * @throws {GatewayError} `AJP_ATTRIBUTES` when a name is none of a variable, or of one that a request has anyway
 */
export function attributeNames(names: readonly string[] = []): ReadonlySet<string> {
  for (const name of names) {
    const reason = !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
      ? "is no name of a variable"
      : RESERVED.has(name) || name.startsWith("HTTP_")
        ? "would override a variable that the request has by itself"
        : undefined;
    if (reason === undefined) continue;
    throw new GatewayError(
      "AJP_ATTRIBUTES",
      `option "ajpAttributes" names ${printable(String(name))}, which ${reason}; leave it out`,
    );
  }
  return new Set(names);
}

export interface AjpEnviron {
  readonly environ: Environ;
  /** Bytes of the body; undefined when only its end will tell. */
  readonly bodyLength: number | undefined;
}

/**
 * The environ of a request.
 *
 * @throws {ProtocolError} when the head makes no request
 */
export function environOf(
  head: ForwardRequest,
  request: Pick<GatewayValues, "input" | "cancellation">,
  context: AjpContext,
): AjpEnviron {
  const environ = roomyEnviron();
  addTarget(environ, head);
  addConnection(environ, head);
  let isChunked = false;
  for (const [name, value] of head.headers) {
    addHeader(environ, name, value);
    if (name.length === 17 && name.toLowerCase() === "transfer-encoding") isChunked ||= endsChunked(value);
  }
  addAttributes(environ, head, context.attributes);
  const gateway = {
    input: request.input,
    errors: context.errors,
    cancellation: request.cancellation,
    multithread: true,
    multiprocess: context.multiprocess,
    runOnce: false,
  };
  completeEnviron(environ, gateway, context.environ);
  const length = contentLengthOf(environ);
  if (!isChunked) return { environ, bodyLength: length ?? 0 };
  // RFC 9112 §6.3: whoever reads only one of them would see another request in it.
  if (length !== undefined) {
    throw new ProtocolError("TRANSFER_ENCODING", "a body has a Content-Length and is chunked as well");
  }
  return { environ, bodyLength: undefined };
}

/**
 * With room for what every request has, as that of the protocols that send variables: V8 copies such an object whole, where
 * one that grows with each name is made anew each time that it has doubled, which was a tenth of a small request.
 */
function roomyEnviron(): Environ {
  const environ: object = {
    __proto__: null,
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    QUERY_STRING: "",
    REQUEST_URI: "",
    SERVER_PROTOCOL: "",
    SERVER_NAME: "",
    SERVER_PORT: "",
    "wsgi.version": null,
    "wsgi.url_scheme": null,
    "wsgi.input": null,
    "wsgi.errors": null,
    "wsgi.multithread": null,
    "wsgi.multiprocess": null,
    "wsgi.run_once": null,
    "postern.file_wrapper": null,
    "postern.signal": null,
  };
  return environ as Environ;
}

function addTarget(environ: Environ, { method, uri, attributes }: ForwardRequest): void {
  const path = targetPath(uri);
  if (path === "" && uri !== "*") {
    throw new ProtocolError(
      "REQUEST_TARGET",
      "the request's target is neither a path nor an absolute address",
    );
  }
  environ.REQUEST_METHOD = method;
  environ.PATH_INFO = decodePath(path);
  const { queryString } = attributes;
  environ.QUERY_STRING = queryString ?? "";
  environ.REQUEST_URI = queryString === undefined ? uri : `${uri}?${queryString}`;
}

function addConnection(environ: Environ, head: ForwardRequest): void {
  if (head.protocol !== undefined) environ.SERVER_PROTOCOL = head.protocol;
  if (head.serverName !== undefined) environ.SERVER_NAME = head.serverName;
  if (head.serverPort !== 0) environ.SERVER_PORT = String(head.serverPort);
  if (head.remoteAddress !== undefined) environ.REMOTE_ADDR = head.remoteAddress;
  if (head.remoteHost !== undefined) environ["REMOTE_HOST"] = head.remoteHost;
  if (head.isSecure) environ.HTTPS = "on";
}

/** Those that have a number, and of the operator's those that are known or allowed. */
function addAttributes(
  environ: Environ,
  { attributes, requestAttributes }: ForwardRequest,
  allowed: ReadonlySet<string>,
): void {
  const { remoteUser, authType, sslCert, sslCipher, sslSession, sslKeySize } = attributes;
  if (remoteUser !== undefined) environ.REMOTE_USER = remoteUser;
  if (authType !== undefined) environ["AUTH_TYPE"] = authType;
  if (sslCert !== undefined) environ["SSL_CLIENT_CERT"] = sslCert;
  if (sslCipher !== undefined) environ["SSL_CIPHER"] = sslCipher;
  if (sslSession !== undefined) environ["SSL_SESSION_ID"] = sslSession;
  if (sslKeySize !== undefined) environ["SSL_CIPHER_USEKEYSIZE"] = String(sslKeySize);
  for (const [name, value] of requestAttributes) {
    const variable = KNOWN_ATTRIBUTES.get(name) ?? (allowed.has(name) ? name : undefined);
    if (variable !== undefined) environ[variable] = value;
  }
}

/** Whether a body is sent in chunks, which the web server has joined by now: nobody knows how long they are together. */
function endsChunked(codings: string): boolean {
  return /(?:^|[\s,])chunked\s*$/i.test(codings);
}
