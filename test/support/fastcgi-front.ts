// A web server that passes every request to a FastCGI application, for tests that compare it with node:http: nothing
// else is done to a request on its way. Requests and responses are streamed; each has a connection of its own.

import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  beginRequest,
  END_REQUEST,
  encodePairs,
  PARAMS,
  type Pair,
  REQUEST_COMPLETE,
  record,
  records,
  STDERR,
  STDIN,
  STDOUT,
} from "./fastcgi-client.ts";

const ID = 1;
const HEADER_BYTES = 8;

/**
 * Answers a request of an `http.Server` with what the FastCGI server at `path` says.
 *
 * @param more variables besides those of a web server
 */
export function forward(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  more: readonly Pair[] = [],
): void {
  const socket = connect({ path, allowHalfOpen: true });
  socket.write(
    Buffer.concat([
      beginRequest(ID),
      ...records(PARAMS, ID, encodePairs([...webServerVariables(request), ...more])),
      record(PARAMS, ID),
    ]),
  );
  request.on("data", (bytes: Buffer) => {
    // The application may have answered and gone.
    if (socket.writable && !socket.write(Buffer.concat(records(STDIN, ID, bytes)))) request.pause();
  });
  socket.on("drain", () => request.resume());
  // What has not been sent of the request is dropped: the next one of its connection comes behind it.
  socket.on("close", () => request.resume());
  request.on("end", () => {
    if (socket.writable) socket.write(record(STDIN, ID));
  });
  new Reply(socket, response);
  // A web server closes the connection of a request whose client has gone.
  response.on("close", () => socket.destroy());
}

/** The response as it comes. */
class Reply {
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  #rest: Buffer = Buffer.alloc(0);
  #head: Buffer = Buffer.alloc(0);
  #hasHead = false;
  #ended = false;

  constructor(socket: Socket, response: ServerResponse) {
    this.#socket = socket;
    this.#response = response;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#close());
    response.on("drain", () => socket.resume());
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUInt16BE(4);
      const next = end + this.#rest.readUInt8(6);
      if (this.#rest.length < next) return;
      const type = this.#rest.readUInt8(1);
      const content = this.#rest.subarray(HEADER_BYTES, end);
      this.#rest = this.#rest.subarray(next);
      if (type === STDOUT) this.#output(content);
      else if (type === STDERR) process.stderr.write(content);
      else if (type === END_REQUEST) this.#end(content.readUInt8(4));
    }
  }

  #output(bytes: Buffer): void {
    if (this.#hasHead) this.#body(bytes);
    else {
      this.#head = Buffer.concat([this.#head, bytes]);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const body = this.#head.subarray(end + 4);
      this.#sendHead(this.#head.toString("latin1", 0, end), body.length === 0);
      this.#body(body);
    }
  }

  #sendHead(head: string, isAlone: boolean): void {
    this.#hasHead = true;
    let status = "200 OK";
    const headers: string[] = [];
    for (const line of head.split("\r\n")) {
      const colon = line.indexOf(":");
      const value = line.slice(colon + 1).replace(/^ /, "");
      if (line.slice(0, colon) === "Status") status = value;
      else headers.push(line.slice(0, colon), value);
    }
    this.#response.writeHead(Number(status.slice(0, 3)), status.slice(4), headers);
    // A head that goes out alone goes as UTF-8, and one before bytes as it is.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is ASCII
    if (isAlone && !/[^\x00-\x7f]/.test(head)) this.#response.flushHeaders();
  }

  #body(bytes: Buffer): void {
    if (bytes.length > 0 && !this.#response.write(bytes)) this.#socket.pause();
  }

  #end(protocolStatus: number): void {
    this.#ended = true;
    if (this.#hasHead && protocolStatus === REQUEST_COMPLETE) this.#response.end();
    else this.#fail();
    this.#socket.end();
  }

  #close(): void {
    if (!this.#ended) this.#fail();
  }

  /** As nginx: 502, or a response that breaks off. */
  #fail(): void {
    if (this.#hasHead) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

/** Those of nginx's fastcgi_params and PATH_INFO; a repeated header comes twice. */
function webServerVariables(request: IncomingMessage): Pair[] {
  const { socket, url = "/", headers, rawHeaders } = request;
  const [target = "", ...query] = url.split("?");
  const variables: Pair[] = [
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["SERVER_SOFTWARE", "test/1.0"],
    ["SERVER_PROTOCOL", `HTTP/${request.httpVersion}`],
    ["SERVER_NAME", (headers.host ?? "localhost").replace(/:\d+$/, "")],
    ["SERVER_ADDR", socket.localAddress ?? ""],
    ["SERVER_PORT", String(socket.localPort ?? "")],
    ["REMOTE_ADDR", socket.remoteAddress ?? ""],
    ["REMOTE_PORT", String(socket.remotePort ?? "")],
    ["REQUEST_METHOD", request.method ?? ""],
    ["REQUEST_URI", url],
    ["SCRIPT_NAME", ""],
    ["PATH_INFO", percentDecoded(target.replace(/^[a-z]+:\/\/[^/]*/i, ""))],
    ["QUERY_STRING", query.join("?")],
  ];
  if ((socket as TLSSocket).encrypted) variables.push(["HTTPS", "on"]);
  if (headers["content-type"] !== undefined) variables.push(["CONTENT_TYPE", headers["content-type"]]);
  if (headers["content-length"] !== undefined) variables.push(["CONTENT_LENGTH", headers["content-length"]]);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = `HTTP_${rawHeaders[at]?.toUpperCase().replaceAll("-", "_")}`;
    variables.push([name, rawHeaders[at + 1] ?? ""]);
  }
  return variables;
}

/** Once, to bytes, one code point each. */
function percentDecoded(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => String.fromCharCode(Number(`0x${encoded.slice(1)}`)));
}
