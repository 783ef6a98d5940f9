// Was this process started for one CGI request? A script is at each hit, so what tells that loads nothing of the other tests.

import type { Detected, Start } from "./detect.ts";
import type { ServeOptions } from "./serve.ts";

/** @returns `undefined` where CGI variables are not all that counts, or are not there: then `detect` finds out */
export function detectCgi(
  { protocol }: ServeOptions,
  { environment, loader }: Pick<Start, "environment" | "loader">,
): Detected | undefined {
  const isProvided = loader !== undefined && loader.kind !== "other";
  const named = environment["POSTERN_SERVER"] || "cgi";
  if (isProvided || protocol !== undefined || named !== "cgi") return undefined;
  if (!environment["GATEWAY_INTERFACE"] || !environment["REQUEST_METHOD"]) return undefined;
  return { protocol: "cgi", reason: "GATEWAY_INTERFACE and REQUEST_METHOD are set" };
}
