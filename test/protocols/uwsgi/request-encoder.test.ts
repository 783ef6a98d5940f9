import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UwsgiRequestDecoder } from "../../../lib/protocols/uwsgi/request-decoder.ts";
import { encodeUwsgiRequest } from "../../../lib/protocols/uwsgi/request-encoder.ts";
import { bytes } from "../../support/bytes.ts";
import { decodeHead, names } from "../decode-head.ts";

describe("encoding a uwsgi request", () => {
  test.each<{ name: string; variables: [string, string][]; wire: string }>([
    { name: "nothing", variables: [], wire: "00 0000 00" },
    {
      name: "variables",
      variables: [
        ["ABC", "xy"],
        ["A", ""],
      ],
      wire: "00 0e00 00 | 0300 414243 0200 7879 | 0100 41 0000",
    },
    {
      name: "a long value",
      variables: [["A", "b".repeat(258)]],
      wire: `00 0701 00 | 0100 41 0201 ${"62".repeat(258)}`,
    },
    { name: "one code point a byte", variables: [["A", "\xe9\0"]], wire: "00 0700 00 | 0100 41 0200 e900" },
  ])("$name", ({ variables, wire }) => {
    expect(encodeUwsgiRequest(variables).toString("hex")).toBe(bytes(wire).toString("hex"));
  });

  test.each([
    ["", "value"],
    ["NAME\u0100", "value"],
    ["NAME", "\u0100"],
    ["NAME", "x".repeat(65_536)],
    ["NAME", "x".repeat(65_528)],
  ])("%j with value %.10j cannot be sent", (name, value) => {
    expect(() => encodeUwsgiRequest([[name, value]])).toThrow(
      expect.objectContaining({ name: "ApplicationError", code: "VARIABLE" }),
    );
  });

  test("the longest packet can", () => {
    expect(encodeUwsgiRequest([["NAME", "x".repeat(65_527)]])).toHaveLength(65_539);
  });

  test("any variables come back the same", () => {
    const text = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
    const variables = fc.array(
      fc.tuple(
        text.map((rest) => `N${rest}`),
        text,
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(variables, (variables) => {
        const head = encodeUwsgiRequest(variables);
        const decoded = decodeHead([head], (pairs) => new UwsgiRequestDecoder(65_536, names, pairs));
        expect(decoded).toEqual({ variables, rest: "", complete: true });
      }),
    );
  });
});
