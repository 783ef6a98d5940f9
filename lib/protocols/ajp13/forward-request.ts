// FORWARD_REQUEST: the head of a request, from the web server to the gateway. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import type { KnownNames, Pairs } from "../known-names.ts";
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
const textCodes: ReadonlySet<number> = new Set(TEXTS.map(([code]) => code));

const headerNumbers = numbersOf(REQUEST_HEADERS);
const methodNumbers = new Map<string, number>(METHODS.map((method, index) => [method, index + 1]));

/** What the strings of a request mean to who takes them. */
export interface RequestNames<Meaning> {
  readonly protocol: Meaning;
  readonly remoteAddress: Meaning;
  readonly remoteHost: Meaning;
  readonly serverName: Meaning;
  /** Headers whose names are numbers, in the order of these. */
  readonly numberedHeaders: readonly Meaning[];
  /** Headers whose names are strings. */
  readonly headers: KnownNames<Meaning>;
  /** By their numbers; those that are not here are passed over. */
  readonly attributes: ReadonlyMap<number, Meaning>;
  /** What a web server's operator has it send, under any name: to be taken by name and never as a whole. */
  readonly requestAttributes: KnownNames<Meaning>;
}

/** What is read of a request at once: that of which the rest is made, or by which it is refused. */
export interface RequestFields {
  readonly method: string;
  readonly uri: string;
  readonly serverPort: number;
  readonly isSecure: boolean;
  readonly queryString: string | undefined;
  readonly secret: string | undefined;
  readonly sslKeySize: number | undefined;
}

/**
 * Reads a payload whose type is FORWARD_REQUEST. All of it is checked; where its other strings stand is told to `pairs`, with
 * what they mean. Null ones are left out, but for the value of a header, which is empty then. What stands behind the end is
 * ignored.
 *
 * @throws {ProtocolError} `AJP_METHOD` and `AJP_URI` where only those are missing; `AJP_PACKET`, `AJP_STRING`, `AJP_HEADER` and
 *   `AJP_ATTRIBUTE` where the rest cannot be read
 */
export function decodeForwardRequest<Meaning>(
  bytes: Buffer,
  start: number,
  end: number,
  names: RequestNames<Meaning>,
  pairs: Pairs<Meaning>,
): RequestFields {
  const reader = new PacketReader(bytes, start, end);
  reader.byte();
  const method = reader.byte();
  addString(reader, names.protocol, pairs);
  const uri = reader.string();
  addString(reader, names.remoteAddress, pairs);
  addString(reader, names.remoteHost, pairs);
  addString(reader, names.serverName, pairs);
  const serverPort = reader.integer();
  const isSecure = reader.byte() !== 0;
  addHeaders(reader, names, pairs);
  const { queryString, secret, sslKeySize, storedMethod } = addAttributes(reader, names, pairs);
  if (uri === undefined) throw new ProtocolError("AJP_URI", "the request has no path");
  return {
    method: nameOf(method, storedMethod),
    uri,
    serverPort,
    isSecure,
    queryString,
    secret,
    sslKeySize,
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

function addString<Meaning>(reader: PacketReader, meaning: Meaning, pairs: Pairs<Meaning>): void {
  if (reader.passString()) pairs.add(meaning, reader.text, reader.stringStart, reader.stringEnd);
}

function addHeaders<Meaning>(
  reader: PacketReader,
  { numberedHeaders, headers }: RequestNames<Meaning>,
  pairs: Pairs<Meaning>,
): void {
  let before = headers.first;
  for (let left = reader.integer(); left > 0; left--) {
    const number = reader.headerName(numberedHeaders.length);
    if (number === 0) before = reader.knownName(headers, before);
    const meaning = number === 0 ? before.meaning : (numberedHeaders[number - 1] as Meaning);
    const end = reader.passString() ? reader.stringEnd : reader.stringStart;
    pairs.add(meaning, reader.text, reader.stringStart, end);
  }
}

function addAttributes<Meaning>(
  reader: PacketReader,
  { attributes, requestAttributes }: RequestNames<Meaning>,
  pairs: Pairs<Meaning>,
) {
  let queryString: string | undefined;
  let secret: string | undefined;
  let sslKeySize: number | undefined;
  let storedMethod: string | undefined;
  let before = requestAttributes.first;
  for (let code = reader.byte(); code !== Attribute.End; code = reader.byte()) {
    switch (code) {
      case Attribute.RequestAttribute: {
        const isNamed = reader.passString();
        if (isNamed) before = reader.knownName(requestAttributes, before);
        if (reader.passString() && isNamed)
          pairs.add(before.meaning, reader.text, reader.stringStart, reader.stringEnd);
        break;
      }
      case Attribute.QueryString:
        queryString = reader.string() ?? queryString;
        break;
      case Attribute.Secret:
        secret = reader.string() ?? secret;
        break;
      case Attribute.StoredMethod:
        storedMethod = reader.string();
        break;
      case Attribute.SslKeySize:
        sslKeySize = reader.integer();
        break;
      default: {
        // What it consists of is not known, nor where it ends.
        if (!textCodes.has(code))
          throw new ProtocolError("AJP_ATTRIBUTE", `no attribute has the number ${code}`);
        const meaning = attributes.get(code);
        const isThere = reader.passString();
        if (isThere && meaning !== undefined)
          pairs.add(meaning, reader.text, reader.stringStart, reader.stringEnd);
      }
    }
  }
  return { queryString, secret, sslKeySize, storedMethod };
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
