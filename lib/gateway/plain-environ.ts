import type { Environ } from "./types.ts";

/** Under this name an environ whose values are made when they are read gives one that has them all. */
export const PLAIN: unique symbol = Symbol("plain environ");

/**
 * The same environ as an ordinary object, which has every value: for who goes through all of them. What is changed in one is
 * changed in the other.
 */
export function plainEnviron(environ: Environ): Environ {
  return (environ as { [PLAIN]?: Environ })[PLAIN] ?? environ;
}

/** Whether a variable may be a header of the request. */
export function isHeader(variable: string): boolean {
  return variable.startsWith("HTTP_") || variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH";
}

/** Under this name it gives the variables that were sent, as long as nobody has changed one that may be a header. */
export const SENT: unique symbol = Symbol("sent variables");

/** What can go through the headers of a request. */
export interface HeaderVariables {
  eachHeader(visit: (name: string, value: string) => void): void;
}

/**
 * Calls `visit` with the name and the value of each variable that may be a header of the request: `HTTP_*`, `CONTENT_TYPE` and
 * `CONTENT_LENGTH`. Costs less than to go through {@link plainEnviron}.
 */
export function eachHeader(environ: Environ, visit: (name: string, value: string) => void): void {
  const sent = (environ as { [SENT]?: HeaderVariables })[SENT];
  if (sent !== undefined) {
    sent.eachHeader(visit);
    return;
  }
  const plain = plainEnviron(environ);
  for (const name in plain) {
    if (!isHeader(name)) continue;
    const value = plain[name];
    if (typeof value === "string") visit(name, value);
  }
}
