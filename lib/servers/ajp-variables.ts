import { ProtocolError } from "../errors.ts";
import { headerVariable } from "../gateway/header-variable.ts";
import { below, decodePath, targetPath } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";
import {
  announcedLength,
  type DeferredVariables,
  RequestVariables,
  type Variable,
  variableNamed,
} from "../gateway/variables.ts";
import { Attribute, REQUEST_HEADERS } from "../protocols/ajp13/constants.ts";
import {
  decodeForwardRequest,
  type RequestFields,
  type RequestNames,
} from "../protocols/ajp13/forward-request.ts";
import { KnownNames, type Pairs } from "../protocols/known-names.ts";

/** By their names: one for all headers that it stands for, so that one that comes twice is noticed however it is spelled. */
const headerVariables = new Map<string, Variable>();
const headers = new KnownNames(variableOfHeader);
const numberedHeaders = REQUEST_HEADERS.map((name) => variableOfHeader(name, true));
const TRANSFER_ENCODING = variableOfHeader("Transfer-Encoding", true);
const DROPPED = variableNamed("");
const MOUNT = variableNamed("WSGI_SCRIPT_NAME");

/** Those that are texts. */
const attributes = new Map([
  [Attribute.RemoteUser, variableNamed("REMOTE_USER")],
  [Attribute.AuthType, variableNamed("AUTH_TYPE")],
  [Attribute.SslCert, variableNamed("SSL_CLIENT_CERT")],
  [Attribute.SslCipher, variableNamed("SSL_CIPHER")],
  [Attribute.SslSession, variableNamed("SSL_SESSION_ID")],
]);

/** @param variables the names of variables by those of the operator's attributes; others are dropped */
export function requestNames(variables: ReadonlyMap<string, string>): RequestNames<Variable> {
  const known = new Map([...variables].map(([name, variable]) => [name, variableNamed(variable)]));
  known.set(MOUNT.name, MOUNT);
  return {
    protocol: variableNamed("SERVER_PROTOCOL"),
    remoteAddress: variableNamed("REMOTE_ADDR"),
    remoteHost: variableNamed("REMOTE_HOST"),
    serverName: variableNamed("SERVER_NAME"),
    numberedHeaders,
    headers,
    attributes,
    requestAttributes: new KnownNames((name) => known.get(name) ?? DROPPED),
  };
}

/** Variables that are made of the fields of a request. */
const MADE = [
  "GATEWAY_INTERFACE",
  "REQUEST_METHOD",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "REQUEST_URI",
  "SERVER_PORT",
  "HTTPS",
  "SSL_CIPHER_USEKEYSIZE",
];

/** The variables of a request. */
export class AjpVariables implements DeferredVariables, Pairs<Variable> {
  readonly fields: RequestFields;
  readonly #strings = new RequestVariables();
  #endsChunked = false;
  /** Where the web server says that the application is mounted: the attribute WSGI_SCRIPT_NAME, as in flup. */
  #mount = "";

  /** Throws as {@link decodeForwardRequest} does. */
  constructor(bytes: Buffer, start: number, end: number, names: RequestNames<Variable>) {
    this.fields = decodeForwardRequest(bytes, start, end, names, this);
  }

  add(variable: Variable, text: string, start: number, end: number): void {
    if (variable === TRANSFER_ENCODING) this.#endsChunked ||= endsChunked(text.slice(start, end));
    if (variable === MOUNT) this.#mount = text.slice(start, end).replace(/\/+$/, "");
    this.#strings.add(variable, text, start, end);
  }

  /** @throws {ProtocolError} `REQUEST_TARGET` for PATH_INFO, when the target has no path; `CONTENT_LENGTH` */
  valueOf(name: string): string | undefined {
    const { fields } = this;
    switch (name) {
      case "GATEWAY_INTERFACE":
        return "CGI/1.1";
      case "REQUEST_METHOD":
        return fields.method;
      case "SCRIPT_NAME":
        return this.#mount === "" ? "" : this.#mountOf(pathOf(fields.uri));
      case "PATH_INFO": {
        const path = pathOf(fields.uri);
        return this.#mount === "" ? path : path.slice(this.#mountOf(path).length);
      }
      case "QUERY_STRING":
        return fields.queryString ?? "";
      case "REQUEST_URI":
        return fields.queryString === undefined ? fields.uri : `${fields.uri}?${fields.queryString}`;
      case "SERVER_PORT":
        return fields.serverPort === 0 ? undefined : String(fields.serverPort);
      case "HTTPS":
        return fields.isSecure ? "on" : undefined;
      case "SSL_CIPHER_USEKEYSIZE":
        return fields.sslKeySize === undefined ? undefined : String(fields.sslKeySize);
      default:
        return this.#strings.valueOf(name);
    }
  }

  /** None where the path is not below it. */
  #mountOf(path: string): string {
    return this.#mount.startsWith("/") && below(this.#mount, path) !== undefined ? this.#mount : "";
  }

  toEnviron(): Environ {
    const environ = this.#strings.toEnviron();
    for (const name of MADE) {
      const value = this.valueOf(name);
      if (value !== undefined) environ[name] = value;
    }
    return environ;
  }

  get chunked(): true | undefined {
    return this.#strings.chunked;
  }

  get areSingle(): boolean {
    return this.#strings.areSingle;
  }

  get hasDoubtfulPath(): boolean {
    return !this.fields.uri.startsWith("/");
  }

  eachHeader(visit: (name: string, value: string) => void): void {
    this.#strings.eachHeader(visit);
  }

  /**
   * Bytes of the body; undefined when only its end will tell.
   *
   * @throws {ProtocolError} `TRANSFER_ENCODING` when it has a length and is chunked
   */
  get bodyLength(): number | undefined {
    const length = announcedLength(this);
    if (!this.#endsChunked) return length ?? 0;
    // RFC 9112 §6.3: whoever reads only one of them would see another request in it.
    if (length !== undefined) {
      throw new ProtocolError("TRANSFER_ENCODING", "a body has a Content-Length and is chunked as well");
    }
    return undefined;
  }
}

function variableOfHeader(name: string, isKept: boolean): Variable {
  const variable = headerVariable(name);
  const known = headerVariables.get(variable);
  if (known !== undefined) return known;
  const made = variableNamed(variable);
  if (isKept) headerVariables.set(variable, made);
  return made;
}

function pathOf(uri: string): string {
  const path = targetPath(uri);
  if (path !== "" || uri === "*") return decodePath(path);
  throw new ProtocolError("REQUEST_TARGET", "the request's target is neither a path nor an absolute address");
}

/** Whether a body is sent in chunks, which the web server has joined by now: nobody knows how long they are together. */
function endsChunked(codings: string): boolean {
  return /(?:^|[\s,])chunked\s*$/i.test(codings);
}
