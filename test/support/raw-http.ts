// An HTTP/1.1 client that sends a target as it is and shows a response as it came: one request a connection.

import { connect, type NetConnectOpts } from "node:net";
import type { CaseRequest, CaseResponse } from "../../lib/testing/conformance.ts";
import { parseHeaderLines } from "./cgi-response.ts";

export function exchangeOverHttp(
  address: NetConnectOpts,
  host: string,
  request: CaseRequest,
): Promise<CaseResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const received: Buffer[] = [];
    let failure: Error | undefined;
    socket.on("data", (bytes: Buffer) => received.push(bytes));
    // A server may close while we still send; what it answered counts.
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      try {
        if (received.length === 0) throw failure ?? new Error("the connection was closed without an answer");
        resolve(parseHttpResponse(Buffer.concat(received), request.method, failure === undefined));
      } catch (error) {
        reject(error);
      }
    });
    for (const bytes of httpRequest(host, request)) socket.write(bytes);
  });
}

/** Head and body of a request, in pieces that may be cut anywhere. */
function httpRequest(host: string, { method, target, headers, body, unknownLength }: CaseRequest): Buffer[] {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, "Connection: close"];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (unknownLength === true) lines.push("Transfer-Encoding: chunked");
  else if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (body === undefined) return [head];
  return [head, ...(unknownLength === true ? chunked(body) : [Buffer.from(body)])];
}

function* chunked(body: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < body.length; at += 10_000) {
    const piece = body.subarray(at, at + 10_000);
    yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
  }
  yield Buffer.from("0\r\n\r\n");
}

/** All that came on a connection, which is one response (RFC 9112 §6.3). */
function parseHttpResponse(bytes: Buffer, method: string, closedWell: boolean): CaseResponse {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw new Error("the response's head has no end");
  const lineEnd = bytes.indexOf("\r\n");
  const line = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(bytes.toString("latin1", 0, lineEnd));
  if (line === null) throw new Error(`not a status line: ${bytes.toString("latin1", 0, lineEnd)}`);
  const headers = lineEnd === end ? [] : parseHeaderLines(bytes.subarray(lineEnd + 2, end));
  const value = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const head = { status: Number(line[1]), reason: line[2] ?? "", headers };
  const rest = bytes.subarray(end + 4);
  if (head.status < 200) return parseHttpResponse(rest, method, closedWell);
  if (method === "HEAD" || head.status === 204 || head.status === 304)
    return { ...head, body: rest, complete: closedWell };
  if (value("transfer-encoding") === "chunked") return { ...head, ...unchunked(rest) };
  const length = value("content-length");
  if (length === undefined) return { ...head, body: rest, complete: closedWell };
  return { ...head, body: rest, complete: rest.length === Number(length) };
}

function unchunked(bytes: Buffer): { body: Buffer; complete: boolean } {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0 && bytes.toString("latin1", start) === "\r\n")
      return { body: Buffer.concat(chunks), complete: true };
    if (!(size > 0)) return { body: Buffer.concat(chunks), complete: false };
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}
