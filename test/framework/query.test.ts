// What is there to be decoded or not: the fields are those of the URL standard.

import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inputLimits } from "../../lib/framework/limits.ts";
import { parseFields } from "../../lib/framework/query.ts";

const part = fc.constantFrom("a", "b", "=", "&", "=", "&", "?", "ä", " ", "\u{1f600}", "#", "__proto__", "");
const anyPart = fc.oneof(part, fc.constantFrom("%", "%41", "%C3%A4", "%ff", "+", "\ud83d", "\ude00"));

test.each([
  ["nothing to decode", part],
  ["anything", anyPart],
])("the fields are those of the URL standard: %s", (_name, parts) => {
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (texts) => {
      const text = texts.join("");
      // A question mark is the query's own only in front of it.
      expect(parseFields(text, inputLimits)).toEqual([...new URLSearchParams(`?${text}`)]);
    }),
    { numRuns: 500 },
  );
});

test.each(["?a=1", "?%61=1"])("a question mark that a name begins with is part of it: %s", (query) => {
  expect(parseFields(query, inputLimits)).toEqual([["?a", "1"]]);
});

test.each([
  ["four", 4],
  ["ää", 4],
  ["€€", 6],
  ["\u{1f600}", 4],
])("a name may have as many bytes as the limit says: %s", (name, bytes) => {
  expect(Buffer.byteLength(name)).toBe(bytes);
  expect(parseFields(`${name}=1`, { ...inputLimits, maxNameBytes: bytes })).toEqual([[name, "1"]]);
  expect(parseFields(`${name}=1`, { ...inputLimits, maxNameBytes: bytes - 1 })).toBeUndefined();
});
