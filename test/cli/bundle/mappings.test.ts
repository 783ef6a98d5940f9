// Source maps, with mappings written down from the specification: https://tc39.es/ecma426/#sec-mappings

import { SourceMap, type SourceMapPayload } from "node:module";
import { expect, test } from "vitest";
import { readMappings, writeMappings } from "../../../lib/cli/bundle/mappings.ts";

const mappings = "AAAA,IAAMA;;ACCAC,iBDCE,C;AAgiBwwC";

const segments = [
  [
    [0, 0, 0, 0],
    [4, 0, 0, 6, 0],
  ],
  [],
  [[0, 1, 1, 6, 1], [17, 0, 2, 8], [18]],
  [[0, 0, 546, 1296]],
];

test("numbers are told as differences to those before, columns anew in each line", () => {
  expect(readMappings(mappings)).toEqual(segments);
  expect(writeMappings(segments)).toBe(mappings);
});

test("lines in another order tell the same of each", () => {
  const order = [segments[3] ?? [], [], [], segments[2] ?? []];
  const map = new SourceMap({
    version: 3,
    sources: ["a.ts", "b.ts"],
    names: ["x", "y"],
    mappings: writeMappings(order),
  } as unknown as SourceMapPayload);
  expect(map.findEntry(0, 0)).toMatchObject({
    originalSource: "a.ts",
    originalLine: 546,
    originalColumn: 1296,
  });
  expect(map.findEntry(3, 0)).toMatchObject({ originalSource: "b.ts", originalLine: 1, name: "y" });
  expect(map.findEntry(3, 17)).toMatchObject({ originalSource: "a.ts", originalLine: 2, originalColumn: 8 });
});
