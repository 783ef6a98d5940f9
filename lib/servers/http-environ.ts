import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { ProtocolError } from "../errors.ts";
import type { Loader } from "../gateway/loader.ts";
import { printable } from "../gateway/log.ts";
import { decodePath, targetPath, targetQuery } from "../gateway/path.ts";
import type { Environ } from "../gateway/types.ts";
import { emptyEnviron } from "../gateway/variables.ts";
import { addHeader } from "./header-variable.ts";
import { addLiteSpeedVariables, addPassengerVariables, isPassengerHeader } from "./loader-environ.ts";
import { plainAddress } from "./plain-address.ts";

// RFC 3986 §3.2.2: an address in brackets, or a name.
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/;

/**
 * The CGI variables of an HTTP request (RFC 3875 §4.1).
 *
 * @param loader whose socket it came on, if it is not our own
 * @throws {ProtocolError} `REQUEST_TARGET` when the target is no path, `HOST` when the Host header names none,
 *   `CONTENT_LENGTH` when there are two
 */
export function readRequest(request: IncomingMessage, loader?: Loader): Environ {
  const environ = emptyEnviron();
  const { socket, url: target = "" } = request;
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
  addHeaders(environ, request.rawHeaders, loader?.kind === "passenger");
  // RFC 9112 §3.2.2: the host of an absolute target counts, not that of the header.
  if (!target.startsWith("/") && target !== "*") environ.HTTP_HOST = /:\/\/([^/?]*)/.exec(target)?.[1] ?? "";
  checkHost(environ.HTTP_HOST);
  environ.SERVER_NAME =
    environ.HTTP_HOST?.replace(/:\d*$/, "") || plainAddress(socket.localAddress) || "localhost";
  // What is empty is filled in by scheme.
  environ.SERVER_PORT = String(socket.localPort ?? /:(\d+)$/.exec(environ.HTTP_HOST ?? "")?.[1] ?? "");
  if (loader?.kind === "passenger") addPassengerVariables(environ, request.rawHeaders);
  else if (loader?.kind === "litespeed") addLiteSpeedVariables(environ, request.rawHeaders);
  else addPeer(environ, socket);
  return environ;
}

function addPeer(environ: Environ, socket: Socket): void {
  const remote = plainAddress(socket.remoteAddress);
  if (remote !== undefined) environ.REMOTE_ADDR = remote;
  if (socket.remotePort !== undefined) environ.REMOTE_PORT = String(socket.remotePort);
}

/** RFC 9112 §3.2: a request whose Host is no host, with or without port, is refused. Empty is allowed. */
function checkHost(host: string | undefined): void {
  if (host === undefined || HOST.test(host)) return;
  throw new ProtocolError("HOST", `the Host header ${printable(host)} is no host`);
}

function addHeaders(environ: Environ, raw: readonly string[], fromPassenger: boolean): void {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    if (fromPassenger && isPassengerHeader(name)) continue;
    addHeader(environ, name, raw[index + 1] as string);
  }
}
