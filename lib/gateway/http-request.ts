// What a request of node:http says as CGI variables: the one place for the server of HTTP and for the bridge, since a
// header that one of them let through would be a hole.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { ProtocolError } from "../errors.ts";
import { addHeader } from "./header-variable.ts";
import { printable } from "./log.ts";
import { decodePath, targetPath, targetQuery } from "./path.ts";
import { plainAddress } from "./plain-address.ts";
import type { Environ } from "./types.ts";
import { emptyEnviron } from "./variables.ts";

// RFC 3986 §3.2.2: an address in brackets, or a name.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/;

/**
 * The CGI variables of an HTTP request (RFC 3875 §4.1), but for who sent it.
 *
 * @param target the request's target, which is not its `url` where somebody in front has shortened that
 * @param authority the host that HTTP/2 has in place of the header (RFC 9113 §8.3.1)
 * @param isForeign whether a header is not the client's, and so no variable
 * @throws {ProtocolError} `REQUEST_TARGET` when the target is no path, `HOST` when the Host header names none,
 *   `CONTENT_LENGTH` when there are two
 */
export function requestEnviron(
  request: IncomingMessage,
  target: string,
  authority?: string,
  isForeign?: (name: string) => boolean,
): Environ {
  const environ = emptyEnviron();
  const { socket } = request;
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
    const name = rawHeaders[index] as string;
    if (isForeign === undefined || !isForeign(name))
      addHeader(environ, name, rawHeaders[index + 1] as string);
  }
  // RFC 9112 §3.2.2: the host of an absolute target counts, not that of the header.
  if (!target.startsWith("/") && target !== "*") environ.HTTP_HOST = /:\/\/([^/?]*)/.exec(target)?.[1] ?? "";
  else if (authority !== undefined && authority !== "") environ.HTTP_HOST = authority;
  checkHost(environ.HTTP_HOST);
  environ.SERVER_NAME =
    environ.HTTP_HOST?.replace(/:\d*$/, "") || plainAddress(socket.localAddress) || "localhost";
  // What is empty is filled in by scheme.
  environ.SERVER_PORT = String(socket.localPort ?? /:(\d+)$/.exec(environ.HTTP_HOST ?? "")?.[1] ?? "");
  return environ;
}

/** Adds who is at the other end of the request's connection. */
export function addPeer(environ: Environ, { remoteAddress, remotePort }: Socket): void {
  const remote = plainAddress(remoteAddress);
  if (remote !== undefined) environ.REMOTE_ADDR = remote;
  if (remotePort !== undefined) environ.REMOTE_PORT = String(remotePort);
}

/** RFC 9112 §3.2: a request whose Host is no host, with or without port, is refused. Empty is allowed. */
function checkHost(host: string | undefined): void {
  if (host === undefined || HOST.test(host)) return;
  throw new ProtocolError("HOST", `the Host header ${printable(host)} is no host`);
}
