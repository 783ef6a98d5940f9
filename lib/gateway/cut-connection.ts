import type { Socket } from "node:net";

/**
 * Ends an HTTP connection in the middle of a response. Its end may be all that says that a response is complete (RFC 9112 §8)
 * where a request is not of HTTP/1.1, as those of nginx's `proxy_pass` are by default, since Node answers only that in chunks:
 * over TCP it is reset there, which web servers notice. A unix socket cannot be reset.
 *
 * @param httpVersion that of the request
 */
export function cutConnection(socket: Socket, httpVersion: string): void {
  const isTcp = "address" in socket.address() && !("encrypted" in socket);
  if (httpVersion === "1.1" || !isTcp) {
    socket.destroySoon();
    return;
  }
  // node:http holds back what was written in this turn of the event loop.
  socket.uncork();
  socket.resetAndDestroy();
}
