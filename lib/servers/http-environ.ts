import type { IncomingMessage } from "node:http";
import { addPeer, requestEnviron } from "../gateway/http-request.ts";
import type { Loader } from "../gateway/loader.ts";
import type { Environ } from "../gateway/types.ts";
import { addLiteSpeedVariables, addPassengerVariables, isPassengerHeader } from "./loader-environ.ts";

/**
 * The CGI variables of an HTTP request (RFC 3875 §4.1).
 *
 * @param loader whose socket it came on, if it is not our own
 * @throws {ProtocolError} `REQUEST_TARGET` when the target is no path, `HOST` when the Host header names none,
 *   `CONTENT_LENGTH` when there are two
 */
export function readRequest(request: IncomingMessage, loader?: Loader): Environ {
  const target = request.url ?? "";
  if (loader?.kind === "passenger") {
    const environ = requestEnviron(request, target, undefined, isPassengerHeader);
    addPassengerVariables(environ, request.rawHeaders);
    return environ;
  }
  const environ = requestEnviron(request, target);
  if (loader?.kind === "litespeed") addLiteSpeedVariables(environ, request.rawHeaders);
  else addPeer(environ, request.socket);
  return environ;
}
