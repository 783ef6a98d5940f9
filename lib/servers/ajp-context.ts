import type { Variable } from "../gateway/variables.ts";
import type { RequestNames } from "../protocols/ajp13/forward-request.ts";
import type { AjpSecret } from "./ajp-secret.ts";
import type { ServerContext } from "./context.ts";

/** What the connections of one AJP server share. */
export interface AjpContext extends ServerContext {
  readonly maxPacketBytes: number;
  /** Undefined where none is asked for. */
  readonly secret: AjpSecret | undefined;
  /** What the strings of a request are in its environ. */
  readonly names: RequestNames<Variable>;
}
