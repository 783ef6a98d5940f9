import { writevSync } from "node:fs";

/** How long to wait before a descriptor that does not block is tried again, in milliseconds. */
const PAUSE_MS = 1;

/**
 * Writes all of `bytes` before it returns, however little the descriptor takes at once. One that does not block, as a
 * parent process may have made it, is waited for: there is nothing else that this process has to do.
 *
 * For a script that writes once, Node has less to compile for writevSync() than for writeSync() or a part of the bytes.
 *
 * @throws what writing throws, or the last EAGAIN after `idleMs` milliseconds (0: no limit) without progress
 */
export function writeAll(descriptor: number, bytes: Uint8Array, idleMs: number): void {
  let at = 0;
  let waitedMs = 0;
  while (at < bytes.length) {
    try {
      at += writevSync(descriptor, [at === 0 ? bytes : bytes.subarray(at)]);
      waitedMs = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || (idleMs > 0 && waitedMs >= idleMs))
        throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      waitedMs += PAUSE_MS;
    }
  }
}
