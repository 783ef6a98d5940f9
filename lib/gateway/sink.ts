// Where a response goes: what a server gives to `respond`, once for each request.

import type { Writable } from "node:stream";
import type { ResponseHead } from "./head.ts";
import type { Chunk } from "./types.ts";

/**
 * Bytes may be held back between calls until `flush` or `end`, so that head, body and end of a small response
 * leave in one piece. No method throws.
 */
export interface ResponseSink {
  /** Nothing can be delivered any more: the peer has gone or has given the request up. */
  readonly closed: boolean;

  /** Where failures of the application are logged, where the sink has such a place: else in `wsgi.errors` of the environ. */
  readonly errors?: Writable;

  /** Called at most once, before the first `write`. */
  head(head: ResponseHead): void;

  /** A piece of the body, `size` bytes long and never empty. */
  write(chunk: Chunk, size: number): void;

  /** Sends what is held back; false when the peer should be waited for with `drained`. */
  flush(): boolean;

  /** Settles when the peer can take more or has gone; never rejects. */
  drained(): Promise<void>;

  /** The response is complete; `failed` says that it is a 500 of ours in place of the application's. */
  end(failed: boolean): void;

  /** The response ends here and must not look complete to the peer. */
  cut(): void;
}
