// FORWARD_REQUEST: the head of a request, from the web server to the gateway. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import {
  Attribute,
  HEADER_BYTES,
  Magic,
  METHODS,
  PacketType,
  REQUEST_HEADERS,
  STORED_METHOD,
} from "./constants.ts";
import { PacketReader } from "./packet-reader.ts";
import { numbersOf, stringSize, writeHeader, writeInteger, writeString } from "./packet-writer.ts";

/** Code points of all strings are bytes. What is null on the wire is undefined here. */
export interface ForwardRequest {
  readonly method: string;
  /** Such as `HTTP/1.1`. */
  readonly protocol: string | undefined;
  /** The path of the target as the client sent it, without query. */
  readonly uri: string;
  readonly remoteAddress: string | undefined;
  readonly remoteHost: string | undefined;
  readonly serverName: string | undefined;
  readonly serverPort: number;
  readonly isSecure: boolean;
  /** Names as the peer spelled them, or as they are usually spelled where it sent their numbers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attributes: Attributes;
  /** What a web server's operator has it send, under any name: to be copied by name and never as a whole. */
  readonly requestAttributes: readonly (readonly [name: string, value: string])[];
}

/** Each is left out where it was not sent, or is null. */
export interface Attributes {
  context?: string;
  servletPath?: string;
  remoteUser?: string;
  authType?: string;
  /** Without the question mark. */
  queryString?: string;
  route?: string;
  sslCert?: string;
  sslCipher?: string;
  sslSession?: string;
  /** In bits. */
  sslKeySize?: number;
  secret?: string;
}

type Text = Exclude<keyof Attributes, "sslKeySize">;

/** In the order in which mod_proxy_ajp sends them. */
const TEXTS: readonly (readonly [number, Text])[] = [
  [Attribute.Context, "context"],
  [Attribute.ServletPath, "servletPath"],
  [Attribute.RemoteUser, "remoteUser"],
  [Attribute.AuthType, "authType"],
  [Attribute.Secret, "secret"],
  [Attribute.QueryString, "queryString"],
  [Attribute.Route, "route"],
  [Attribute.SslCert, "sslCert"],
  [Attribute.SslCipher, "sslCipher"],
  [Attribute.SslSession, "sslSession"],
];
const textOf = new Map(TEXTS);

const headerNumbers = numbersOf(REQUEST_HEADERS);
const methodNumbers = new Map<string, number>(METHODS.map((method, index) => [method, index + 1]));

/**
 * Reads a payload whose type is FORWARD_REQUEST. What stands behind its end is ignored.
 *
 * @throws {ProtocolError} `AJP_METHOD` and `AJP_URI` where only those are missing; `AJP_PACKET`, `AJP_STRING`, `AJP_HEADER` and
 *   `AJP_ATTRIBUTE` where the rest cannot be read
 */
export function decodeForwardRequest(bytes: Buffer, start: number, end: number): ForwardRequest {
  const reader = new PacketReader(bytes, start, end);
  reader.byte();
  const method = reader.byte();
  const protocol = reader.string();
  const uri = reader.string();
  const remoteAddress = reader.string();
  const remoteHost = reader.string();
  const serverName = reader.string();
  const serverPort = reader.integer();
  const isSecure = reader.byte() !== 0;
  const headers = reader.headers(REQUEST_HEADERS);
  const { attributes, requestAttributes, storedMethod } = readAttributes(reader);
  if (uri === undefined) throw new ProtocolError("AJP_URI", "the request has no path");
  return {
    method: nameOf(method, storedMethod),
    protocol,
    uri,
    remoteAddress,
    remoteHost,
    serverName,
    serverPort,
    isSecure,
    headers,
    attributes,
    requestAttributes,
  };
}

/**
 * The packet of a request.
 *
 * @param maxPacketBytes the longest packet that the gateway takes
 * @throws {ProtocolError} `AJP_PACKET_BYTES` when it would be longer
 */
export function encodeForwardRequest(request: ForwardRequest, maxPacketBytes: number): Buffer {
  const size = HEADER_BYTES + payloadSize(request);
  if (size > maxPacketBytes) {
    throw new ProtocolError(
      "AJP_PACKET_BYTES",
      `the head of the request takes ${size} bytes, and a packet has ${maxPacketBytes}`,
    );
  }
  const bytes = Buffer.allocUnsafe(size);
  const method = methodNumbers.get(request.method) ?? STORED_METHOD;
  let at = writeHeader(bytes, 0, Magic.Server, size - HEADER_BYTES);
  bytes[at++] = PacketType.ForwardRequest;
  bytes[at++] = method;
  for (const text of textsOf(request)) at = writeString(bytes, at, text);
  at = writeInteger(bytes, at, request.serverPort);
  bytes[at++] = request.isSecure ? 1 : 0;
  at = writeInteger(bytes, at, request.headers.length);
  for (const [name, value] of request.headers) {
    const number = headerNumbers.get(name.toLowerCase());
    at = number === undefined ? writeString(bytes, at, name) : writeInteger(bytes, at, number);
    at = writeString(bytes, at, value);
  }
  for (const [code, key] of TEXTS) {
    const text = request.attributes[key];
    if (text !== undefined) at = writeAttribute(bytes, at, code, text);
  }
  const { sslKeySize } = request.attributes;
  if (sslKeySize !== undefined) {
    bytes[at++] = Attribute.SslKeySize;
    at = writeInteger(bytes, at, sslKeySize);
  }
  for (const pair of request.requestAttributes) {
    at = writeAttribute(bytes, at, Attribute.RequestAttribute, ...pair);
  }
  if (method === STORED_METHOD) at = writeAttribute(bytes, at, Attribute.StoredMethod, request.method);
  bytes[at] = Attribute.End;
  return bytes;
}

function readAttributes(reader: PacketReader) {
  const attributes: Attributes = {};
  const requestAttributes: [string, string][] = [];
  let storedMethod: string | undefined;
  for (let code = reader.byte(); code !== Attribute.End; code = reader.byte()) {
    const key = textOf.get(code);
    if (key !== undefined) {
      const text = reader.string();
      if (text !== undefined) attributes[key] = text;
    } else if (code === Attribute.RequestAttribute) {
      const name = reader.string();
      const value = reader.string();
      if (name !== undefined && value !== undefined) requestAttributes.push([name, value]);
    } else if (code === Attribute.SslKeySize) {
      attributes.sslKeySize = reader.integer();
    } else if (code === Attribute.StoredMethod) {
      storedMethod = reader.string();
    } else {
      // What it consists of is not known, nor where it ends.
      throw new ProtocolError("AJP_ATTRIBUTE", `no attribute has the number ${code}`);
    }
  }
  return { attributes, requestAttributes, storedMethod };
}

function nameOf(method: number, storedMethod: string | undefined): string {
  const name = method === STORED_METHOD ? storedMethod : METHODS[method - 1];
  if (name) return name;
  throw new ProtocolError("AJP_METHOD", `method ${method} has no name`);
}

/** The strings in front of the server's port. */
function textsOf(request: ForwardRequest): (string | undefined)[] {
  return [request.protocol, request.uri, request.remoteAddress, request.remoteHost, request.serverName];
}

function payloadSize(request: ForwardRequest): number {
  // Type, method, port, secure, number of headers and the end of the attributes.
  let size = 1 + 1 + 2 + 1 + 2 + 1;
  for (const text of textsOf(request)) size += stringSize(text);
  for (const [name, value] of request.headers) {
    size += (headerNumbers.has(name.toLowerCase()) ? 2 : stringSize(name)) + stringSize(value);
  }
  for (const [, key] of TEXTS) {
    const text = request.attributes[key];
    if (text !== undefined) size += 1 + stringSize(text);
  }
  if (request.attributes.sslKeySize !== undefined) size += 1 + 2;
  for (const [name, value] of request.requestAttributes) size += 1 + stringSize(name) + stringSize(value);
  if (!methodNumbers.has(request.method)) size += 1 + stringSize(request.method);
  return size;
}

function writeAttribute(bytes: Buffer, at: number, code: number, ...texts: readonly string[]): number {
  bytes[at++] = code;
  for (const text of texts) at = writeString(bytes, at, text);
  return at;
}
