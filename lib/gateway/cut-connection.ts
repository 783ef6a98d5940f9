import type { Socket } from "node:net";

/**
 * Ends an HTTP connection in the middle of a response. Up to HTTP/1.0 its end may be all that says that a response is complete
 * (RFC 9112 §8), as nginx's `proxy_pass` asks for it by default: over TCP it is reset there, which web servers notice. A unix
 * socket cannot be reset.
 *
 * @param httpVersion that of the request
 */
export function cutConnection(socket: Socket, httpVersion: string): void {
  const isTcp = "address" in socket.address() && !("encrypted" in socket);
  if (httpVersion === "1.0" && isTcp) socket.resetAndDestroy();
  else socket.destroySoon();
}
