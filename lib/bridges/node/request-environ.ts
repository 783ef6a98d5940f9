import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { addPeer, requestEnviron } from "../../gateway/http-request.ts";
import { decodePath } from "../../gateway/path.ts";
import type { Environ } from "../../gateway/types.ts";

/** What Express and connect add to a request, and HTTP/2 to its headers. */
interface AnyRequest extends IncomingMessage {
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly authority?: string;
}

/**
 * The CGI variables of a request (RFC 3875 §4.1).
 *
 * @throws {ProtocolError} `REQUEST_TARGET` when the target is no path, `HOST` when the Host header names none,
 *   `CONTENT_LENGTH` when there are two
 */
export function environOf(request: AnyRequest): Environ {
  const { socket, originalUrl, url = "", authority } = request;
  const environ = requestEnviron(request, originalUrl ?? url, authority);
  // Asked for and not looked for: that of HTTP/2 stands for another, and has only what is asked for.
  if ((socket as Partial<TLSSocket>).encrypted === true) environ.HTTPS = "on";
  addPeer(environ, socket);
  return environ;
}

/** Where Express has mounted the listener; undefined where it has not. */
export function mountOf({ baseUrl }: AnyRequest): string | undefined {
  return baseUrl === undefined || baseUrl === "" ? undefined : decodePath(baseUrl);
}
