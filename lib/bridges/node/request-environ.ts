import type { IncomingMessage } from "node:http";
import { ProtocolError } from "../../errors.ts";
import { HEADER_NAME } from "../../gateway/head.ts";
import { decodePath, targetPath, targetQuery } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";
import { addVariable, emptyEnviron } from "../../gateway/variables.ts";

/** What Express and connect add to a request, and HTTP/2 to its headers. */
interface AnyRequest extends IncomingMessage {
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly authority?: string;
}

// RFC 3986 §3.2.2: an address in brackets, or a name.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/;

/**
 * The CGI variables of a request (RFC 3875 §4.1).
 *
 * @throws {ProtocolError} `REQUEST_TARGET` when the target is no path, `HOST` when the Host header names none,
 *   `CONTENT_LENGTH` when there are two
 */
export function requestEnviron(request: AnyRequest): Environ {
  const environ = emptyEnviron();
  const { socket, url = "" } = request;
  const target = request.originalUrl ?? url;
  const path = targetPath(target);
  if (path === "" && target !== "*") {
    throw new ProtocolError(
      "REQUEST_TARGET",
      "the request's target is neither a path nor an absolute address",
    );
  }
  environ.REQUEST_METHOD = request.method ?? "";
  environ.SCRIPT_NAME = "";
  environ.PATH_INFO = decodePath(path);
  environ.QUERY_STRING = targetQuery(target);
  environ.REQUEST_URI = target;
  environ.SERVER_PROTOCOL = `HTTP/${request.httpVersion}`;
  environ.SERVER_SOFTWARE = "postern";
  environ["GATEWAY_INTERFACE"] = "CGI/1.1";
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    addHeader(environ, rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  // RFC 9112 §3.2.2: the host of an absolute target counts, not that of the header.
  const host = /^[^/*][^/]*:\/\/([^/?]*)/.exec(target)?.[1] ?? request.authority;
  if (host !== undefined && host !== "") environ.HTTP_HOST = host;
  if (environ.HTTP_HOST !== undefined && !HOST.test(environ.HTTP_HOST)) {
    throw new ProtocolError("HOST", "the Host header is no host");
  }
  environ.SERVER_NAME =
    environ.HTTP_HOST?.replace(/:\d*$/, "") || plainAddress(socket.localAddress) || "localhost";
  environ.SERVER_PORT = String(socket.localPort ?? /:(\d+)$/.exec(environ.HTTP_HOST ?? "")?.[1] ?? "");
  if ("encrypted" in socket && socket.encrypted === true) environ.HTTPS = "on";
  const remote = plainAddress(socket.remoteAddress);
  if (remote !== undefined) environ.REMOTE_ADDR = remote;
  if (socket.remotePort !== undefined) environ.REMOTE_PORT = String(socket.remotePort);
  return environ;
}

/** Where Express has mounted the listener; undefined where it has not. */
export function mountOf({ baseUrl }: AnyRequest): string | undefined {
  return baseUrl === undefined || baseUrl === "" ? undefined : decodePath(baseUrl);
}

function addHeader(environ: Environ, name: string, value: string): void {
  // `X-A` and `X_A` would be one variable, and a client could forge the one that a proxy sets.
  if (!HEADER_NAME.test(name) || name.includes("_")) return;
  const variable = name.toUpperCase().replaceAll("-", "_");
  const bare = variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH";
  addVariable(environ, bare ? variable : `HTTP_${variable}`, value);
}

/** An IPv4 address as it is written, also where the socket is one of IPv6. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/, "");
}
