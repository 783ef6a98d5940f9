import { HEADER_NAME } from "../../gateway/head.ts";

/** Fetch standard §2.2.1: these are written in capitals, however they come. Others are as they come. */
const NORMALIZED: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** A method as a Request has it, or the status of the answer to one that no Request can have. */
export function requestMethod(method: string): string | { readonly refused: string } {
  if (NORMALIZED.has(method)) return method;
  const capitals = method.toUpperCase();
  if (NORMALIZED.has(capitals)) return capitals;
  if (FORBIDDEN.has(capitals)) return { refused: "501 Not Implemented" };
  // A method is a token, as a header's name is.
  return HEADER_NAME.test(method) ? method : { refused: "400 Bad Request" };
}
