import type { Environ } from "../gateway/types.ts";

/** Methods whose requests clients give no length where they have no body (RFC 9110 §8.6). */
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE"]);

/**
 * Whether a variable of value `0` is a length that the client has not sent: SCGI asks for one with every request, and lighttpd
 * sends one over FastCGI too. What parses bodies takes a request with a length for one with a body.
 */
export function isGatewaysLength(variable: string, { REQUEST_METHOD: method }: Environ): boolean {
  return variable === "CONTENT_LENGTH" && WITHOUT_BODY.has(method);
}
