import { inspect, isDeepStrictEqual } from "node:util";
import type { CaseResponse } from "./case.ts";

/** Throws an error that says what is wrong. */
export function claim(holds: unknown, complaint: string): asserts holds {
  if (!holds) throw new Error(complaint);
}

export function claimEqual(actual: unknown, expected: unknown, what: string): void {
  claim(isDeepStrictEqual(actual, expected), `${what} is ${inspect(actual)}, not ${inspect(expected)}`);
}

/** A complete response of this status, with this text where one is given. */
export function claimAnswer(response: CaseResponse, status: string, text?: string): void {
  claimEqual(`${response.status} ${response.reason}`, status, "the status");
  claim(response.complete, "the response is cut");
  if (text !== undefined) claimEqual(response.body.toString(), text, "the body");
}

/** What an application made by `answer` said. */
export function jsonOf(response: CaseResponse): unknown {
  claimAnswer(response, "200 OK");
  return JSON.parse(response.body.toString());
}

/** All values of a header, in their order. */
export function valuesOf(response: CaseResponse, name: string): string[] {
  return response.headers
    .filter(([other]) => other.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** The server's own answer to an application that failed: it says so, and nothing more. */
export function claimFailure(response: CaseResponse, secret: string): void {
  claimAnswer(response, "500 Internal Server Error");
  claim(!response.body.includes(secret), "the client was told what is inside the application");
}

/** A response that the client can see is not whole. */
export function claimCut(response: CaseResponse): void {
  claim(!response.complete, "the response looks complete although the application failed");
}
