import type { AjpSecret } from "./ajp-secret.ts";
import type { ServerContext } from "./context.ts";

/** What the connections of one AJP server share. */
export interface AjpContext extends ServerContext {
  readonly maxPacketBytes: number;
  /** Undefined where none is asked for. */
  readonly secret: AjpSecret | undefined;
  /** Names of the operator's attributes that become variables. */
  readonly attributes: ReadonlySet<string>;
}
