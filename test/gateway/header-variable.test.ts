import { expect, test } from "vitest";
import { addHeader } from "../../lib/gateway/header-variable.ts";
import { emptyEnviron } from "../../lib/gateway/variables.ts";

function variablesOf(name: string): Record<string, unknown> {
  const environ = emptyEnviron();
  addHeader(environ, name, "value");
  return { ...environ };
}

test.each([
  ["X-SSL-Client-Verify", "HTTP_X_SSL_CLIENT_VERIFY"],
  // All that a token may hold besides letters and digits (RFC 9110 §5.6.2), but for underscore and dot.
  ["!#$%&'*+-^`|~1a", "HTTP_!#$%&'*+_^`|~1A"],
  ["content-type", "CONTENT_TYPE"],
])("%s is %s", (name, variable) => {
  for (let times = 0; times < 2; times++) expect(variablesOf(name)).toEqual({ [variable]: "value" });
});

test.each([
  // The upper case of byte DF is SS, and a client would set what a proxy sets.
  "X-\u00dfL-Client-Verify",
  "X-\u00e4",
  "X_A",
  "X A",
  "X:A",
  "X\0",
  "",
])("%j, which is no name of a header or could be another's, is dropped", (name) => {
  for (let times = 0; times < 2; times++) expect(variablesOf(name)).toEqual({});
});
