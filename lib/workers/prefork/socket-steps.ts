// What a pool and the thread that holds one of its listening sockets say to each other.

import type { Address } from "../../gateway/protocol-server.ts";
import type { WorkerOptions } from "../options.ts";

/** How far the thread is; both sides wait for changes of this number. */
export const Step = {
  /** It prepares. */
  Begun: 0,
  /** The main thread has set the umask and waits. */
  Masked: 1,
  /** The socket is bound, or could not be. */
  Bound: 2,
  /** It shall close the socket and end. */
  Over: 3,
} as const;

export interface ThreadTask {
  readonly options: WorkerOptions;
  /** Of one {@link Step}. */
  readonly memory: SharedArrayBuffer;
}

export type FromThread =
  | { readonly type: "umask"; readonly mask: number }
  /** The descriptor is undefined where the system does not tell which one it is. */
  | { readonly type: "listening"; readonly address: Address; readonly descriptor: number | undefined }
  | { readonly type: "failed"; readonly code: string | undefined; readonly message: string };
