import { expect, test } from "vitest";
import { isFromHere } from "../../lib/gateway/cross-origin.ts";
import { emptyEnviron } from "../../lib/gateway/variables.ts";

test.each([
  ["http://here.example", "here.example", true],
  ["http://here.example", "here.example:80", true],
  ["http://here.example", "here.example:", true],
  ["http://here.example:8080", "here.example", true],
  ["http://here.example", "evil.example@here.example", false],
  ["http://evil.example", "here.example@evil.example", false],
  ["http://here.example", "evil.example, here.example", false],
  ["http://here.example", "here.example,evil.example", false],
  ["http://here.example", "here.example:80:80", false],
  ["http://here.example", "here.example:99999", false],
  ["http://here.example", "here.example/", false],
  ["http://here.example", " here.example", false],
  ["http://", "", false],
])("Origin %s at Host %j: %s", (HTTP_ORIGIN, HTTP_HOST, expected) => {
  expect(isFromHere(Object.assign(emptyEnviron(), { HTTP_ORIGIN, HTTP_HOST }), [])).toBe(expected);
});
