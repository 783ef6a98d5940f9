import type { Socket } from "node:net";

/** How long a closing connection takes and drops what still arrives, in milliseconds. */
const LINGER_MS = 2_000;

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
