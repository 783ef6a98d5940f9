// An environ that makes its values when they are read, beside one that has them all from the beginning.

import { expect } from "vitest";
import { completeEnviron, type EnvironOptions, type GatewayValues } from "../../lib/gateway/environ.ts";
import type { Environ } from "../../lib/gateway/types.ts";
import { addVariable, emptyEnviron } from "../../lib/gateway/variables.ts";

export type Variables = readonly (readonly [name: string, value: string])[];

export function madeAtOnce(
  variables: Variables,
  values: GatewayValues,
  options: EnvironOptions = {},
): Environ {
  const environ = emptyEnviron();
  for (const [name, value] of variables) addVariable(environ, name, value);
  completeEnviron(environ, values, options);
  return environ;
}

/**
 * Asserts that both are the same, or refused with the same code.
 *
 * @param asked names in the order in which they are read, before all are and behind it
 */
export function expectSameEnviron(
  makeDeferred: () => Environ,
  makeAtOnce: () => Environ,
  asked: readonly string[],
): void {
  let expected: Environ;
  try {
    expected = makeAtOnce();
  } catch (error) {
    expect(makeDeferred).toThrow(expect.objectContaining({ code: (error as { code: string }).code }));
    return;
  }
  const environ = makeDeferred();
  for (const name of asked)
    expect([name, environ[name], name in environ]).toEqual([name, expected[name], name in expected]);
  expect(Object.keys(environ).sort()).toEqual(Object.keys(expected).sort());
  expect(entries(environ)).toEqual(entries(expected));
  for (const name of asked)
    expect([name, environ[name], name in environ]).toEqual([name, expected[name], name in expected]);
}

/** All but the signal, which is no value yet. */
export function entries(environ: Environ): Map<string, unknown> {
  return new Map(Object.entries(environ).filter(([name]) => name !== "postern.signal"));
}
