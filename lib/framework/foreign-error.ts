// Errors of other frameworks' packages that know their status, as those of http-errors do, which Express and Koa throw.

import type { Header } from "../gateway/types.ts";
import { HttpResponse } from "./http-response.ts";
import { reasonOf } from "./status.ts";

/** An error with a status, and whether its message is for the client. */
interface ForeignError extends Error {
  readonly status: number;
  readonly expose: boolean;
  readonly headers?: unknown;
}

function isForeign(error: unknown): error is ForeignError {
  if (!(error instanceof Error)) return false;
  const { status, expose } = error as Partial<ForeignError>;
  return (
    typeof expose === "boolean" && Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599
  );
}

/** A response that was thrown, or an error that is one; any other is thrown again. */
export function asResponse(error: unknown): HttpResponse {
  if (error instanceof HttpResponse) return error;
  const response = exposedResponse(error);
  if (response === undefined) throw error;
  return response;
}

/** The response that an error is whose message is for the client; it is sent as plain text. Else undefined. */
function exposedResponse(error: unknown): HttpResponse | undefined {
  if (!isForeign(error) || !error.expose) return undefined;
  const { status, message } = error;
  // A message that says no more than the status leaves its page to the application.
  if (message === "" || message === reasonOf(status))
    return new HttpResponse(status, undefined, foreignHeaders(error));
  return new HttpResponse(status, message, [
    ...foreignHeaders(error).filter(([name]) => name.toLowerCase() !== "content-type"),
    ["Content-Type", "text/plain; charset=utf-8"],
  ]);
}

/** The status of an error whose message is not for the client: 500 where it names none. */
export function hiddenStatus(error: unknown): number {
  return isForeign(error) ? error.status : 500;
}

/** Headers that an error has for its response, such as `Retry-After`. */
export function foreignHeaders(error: unknown): Header[] {
  if (!isForeign(error) || typeof error.headers !== "object" || error.headers === null) return [];
  return Object.entries(error.headers).filter(
    (header): header is [string, string] => typeof header[1] === "string",
  );
}
