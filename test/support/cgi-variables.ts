// The variables that a web server makes of a request (RFC 3875 §4.1), with the habits of nginx: a repeated header
// comes twice, and no header is kept back.

import type { CaseRequest } from "../../lib/testing/conformance.ts";

export interface WebServer {
  readonly scriptName: string;
  readonly serverName: string;
  readonly serverPort: string;
}

export type Variable = readonly [name: string, value: string];

export function cgiVariables(request: CaseRequest, server: WebServer): Variable[] {
  const [path = "", ...query] = request.target.split("?");
  const variables: Variable[] = [
    ["GATEWAY_INTERFACE", "CGI/1.1"],
    ["SERVER_SOFTWARE", "test/1.0"],
    ["SERVER_NAME", server.serverName],
    ["SERVER_PORT", server.serverPort],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["REQUEST_METHOD", request.method],
    ["REQUEST_URI", server.scriptName + request.target],
    ["SCRIPT_NAME", server.scriptName],
    ["PATH_INFO", percentDecoded(path)],
    ["QUERY_STRING", query.join("?")],
    ["REMOTE_ADDR", "127.0.0.1"],
    ["REMOTE_PORT", "54321"],
    ["HTTP_HOST", `${server.serverName}:${server.serverPort}`],
  ];
  if (request.unknownLength === true) variables.push(["HTTP_TRANSFER_ENCODING", "chunked"]);
  else if (request.body !== undefined) variables.push(["CONTENT_LENGTH", String(request.body.length)]);
  for (const [name, value] of request.headers) {
    const variable = name.toUpperCase().replaceAll("-", "_");
    if (variable === "CONTENT_TYPE") variables.push([variable, value]);
    variables.push([`HTTP_${variable}`, value]);
  }
  return variables;
}

/** Once, to bytes, one code point each. */
function percentDecoded(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => String.fromCharCode(Number(`0x${encoded.slice(1)}`)));
}
