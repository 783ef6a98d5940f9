import type { Socket } from "node:net";

/** How long a closing connection takes and drops what still arrives, in milliseconds. */
const LINGER_MS = 2_000;

/**
 * How long a connection on which nothing is in progress may bring another request when the server stops, in milliseconds; it
 * is closed behind the answer. One that a busy web server keeps brings it sooner than that. Closed at once, it would be
 * closed with a request on its way, and what must not be sent twice, such as a POST, would be answered 502. nginx has
 * `keepalive_min_timeout` for the same.
 */
export const NEXT_REQUEST_MS = 100;

/**
 * Calls `close` when a connection has had so many milliseconds for a request, and what has arrived by then is read: a process
 * that computed all the while finds that its time is over before it looks.
 */
export function whenTimeIsOver(milliseconds: number, close: () => void): void {
  setTimeout(() => setImmediate(close), milliseconds).unref();
}

/**
 * Closes a connection behind its last byte. Where the peer may still be sending (`unread`), our side ends and the rest
 * is read and dropped until the peer ends too: closing with unread bytes makes the kernel send a reset, which can
 * destroy the end of a response on its way. A peer that is slow to read gets all of its response before that counts.
 */
export function closeAfterwards(socket: Socket, unread: boolean): void {
  if (socket.destroyed) return;
  if (unread) {
    socket.resume();
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once("close", () => clearTimeout(timer));
    });
  } else if (socket.writableLength === 0) {
    socket.destroy();
  } else {
    socket.destroySoon();
  }
}
