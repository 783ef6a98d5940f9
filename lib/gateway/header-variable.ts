// Headers as variables (RFC 3875 §4.1.18), for protocols whose peers send headers and leave the rest to us.

import { HEADER_NAME } from "./head.ts";
import type { Environ } from "./types.ts";
import { addNamed, type Variable, variableNamed } from "./variables.ts";

/** The variables of names, so that a name is looked at once and not with each request; one without a name is dropped. */
const known = new Map<string, Variable>();
const MAX_KNOWN = 512;
const MAX_KNOWN_NAME = 128;

/**
 * Adds a header, joined to an earlier one of the same name.
 *
 * @throws {ProtocolError} `CONTENT_LENGTH` when it comes twice with different values
 */
export function addHeader(environ: Environ, name: string, value: string): void {
  addNamed(environ, known.get(name) ?? remembered(name), value);
}

/** The variable of a header, such as `HTTP_ACCEPT`; `""` where it has none: for what is no name, or has a `_`. */
export function headerVariable(name: string): string {
  return (known.get(name) ?? remembered(name)).name;
}

function remembered(name: string): Variable {
  const variable = variableNamed(variableOf(name));
  if (known.size < MAX_KNOWN && name.length <= MAX_KNOWN_NAME) known.set(name, variable);
  return variable;
}

function variableOf(name: string): string {
  const variable = name.toUpperCase().replaceAll("-", "_");
  const bare = variable === "CONTENT_TYPE" || variable === "CONTENT_LENGTH";
  // `X-A` and `X_A` would be one variable, and a client could forge the one that a proxy sets; so it could with a letter
  // that is two in upper case.
  const dropped = !HEADER_NAME.test(name) || name.includes("_");
  return dropped ? "" : bare ? variable : `HTTP_${variable}`;
}
