import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScgiRequestDecoder } from "../../../lib/protocols/scgi/request-decoder.ts";
import { encodeScgiRequest } from "../../../lib/protocols/scgi/request-encoder.ts";
import { decodeHead, names } from "../decode-head.ts";

describe("encoding an SCGI request", () => {
  test("gives the specification's example", () => {
    const head = encodeScgiRequest(27, [
      ["REQUEST_METHOD", "POST"],
      ["REQUEST_URI", "/deepthought"],
    ]);
    expect(head.toString("latin1")).toBe(
      "70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,",
    );
  });

  test("one code point is one byte, and lengths are in bytes", () => {
    const head = encodeScgiRequest(0, [["A", "\xe9"]]);
    expect(head.toString("latin1")).toBe("28:CONTENT_LENGTH\x000\0SCGI\x001\0A\0\xe9\0,");
  });

  test("a length and a version of the variables' own are left out", () => {
    const head = encodeScgiRequest(3, [
      ["SCGI", "2"],
      ["CONTENT_LENGTH", ""],
    ]);
    expect(head.toString("latin1")).toBe("24:CONTENT_LENGTH\x003\0SCGI\x001\0,");
  });

  test.each([
    ["", "value"],
    ["NA\0ME", "value"],
    ["NAME", "val\0ue"],
    ["NAME", "\u0100"],
  ])("%j with value %j cannot be sent", (name, value) => {
    expect(() => encodeScgiRequest(0, [[name, value]])).toThrow(
      expect.objectContaining({ name: "ApplicationError", code: "VARIABLE" }),
    );
  });

  test("any variables come back the same", () => {
    const text = fc.uint8Array({ maxLength: 40 }).map((array) => {
      return Buffer.from(array).toString("latin1").replaceAll("\0", "");
    });
    const variables = fc.array(
      fc.tuple(
        text.map((rest) => `N${rest}`),
        text,
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(fc.nat(), variables, (length, variables) => {
        const head = encodeScgiRequest(length, variables);
        const decoded = decodeHead([head], (pairs) => new ScgiRequestDecoder(65_536, names, pairs));
        const own = [
          ["CONTENT_LENGTH", String(length)],
          ["SCGI", "1"],
        ];
        expect(decoded).toEqual({ variables: [...own, ...variables], rest: "", complete: true });
      }),
    );
  });
});
