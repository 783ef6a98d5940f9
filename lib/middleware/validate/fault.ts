import { inspect } from "node:util";
import { ApplicationError, GatewayError } from "../../errors.ts";

/** The rule's family, which is the code of the error that a breach of it throws. */
export type ServerRules = "GATEWAY_CALL" | "GATEWAY_ENVIRON" | "GATEWAY_ITERATION";
export type ApplicationRules =
  | "GATEWAY_APPLICATION"
  | "GATEWAY_START_RESPONSE"
  | "GATEWAY_STATUS"
  | "GATEWAY_HEADERS"
  | "GATEWAY_WRITE"
  | "GATEWAY_BODY"
  | "GATEWAY_ERRORS";

/** A breach by whoever calls the application: a server, or a middleware in front. */
export function serverFault(rules: ServerRules, sentence: string): GatewayError {
  return new GatewayError(rules, sentence);
}

/** A breach by the application, or by a middleware behind. */
export function applicationFault(rules: ApplicationRules, sentence: string): ApplicationError {
  return new ApplicationError(rules, sentence);
}

/** A value for an error's sentence, on one line and short. */
export function shown(value: unknown): string {
  const text = inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 1 });
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
