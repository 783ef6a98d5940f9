// Variables as a decoder hands them over, and what a server adds to them.

import { Readable } from "node:stream";
import type { GatewayValues } from "../../lib/gateway/environ.ts";
import { ErrorStream } from "../../lib/gateway/error-stream.ts";
import { RequestVariables, type Variable, variableNamed } from "../../lib/gateway/variables.ts";

type Variables = readonly (readonly [name: string, value: string])[];

/** @param known names that are kept from one request to the next; without it none is kept */
export function received(variables: Variables, known?: Map<string, Variable>): RequestVariables {
  const text = variables.map(([, value]) => value).join("");
  const taken = new RequestVariables();
  let at = 0;
  for (const [name, value] of variables) {
    const variable = known?.get(name) ?? variableNamed(name);
    known?.set(name, variable);
    taken.add(variable, text, at, at + value.length);
    at += value.length;
  }
  return taken;
}

export function gatewayValues(): GatewayValues {
  return {
    input: Readable.from([]),
    errors: new ErrorStream(() => {}),
    cancellation: new AbortController(),
    multithread: true,
    multiprocess: false,
    runOnce: false,
  };
}
