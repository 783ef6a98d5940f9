import type { ServerContext } from "./context.ts";

/** What the connections of one FastCGI server share. */
export interface FcgiContext extends ServerContext {
  readonly multiplexed: boolean;
  readonly maxMultiplexed: number;
  readonly responder: boolean;
  readonly authorizer: boolean;
  readonly copyErrors: boolean;
}
