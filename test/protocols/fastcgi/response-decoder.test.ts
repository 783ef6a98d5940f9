import { describe, expect, test } from "vitest";
import { ResponseDecoder } from "../../../lib/protocols/fastcgi/response-decoder.ts";
import { bytes } from "../../support/bytes.ts";

interface Seen {
  stdout: string;
  stderr: string;
  end: [appStatus: number, protocolStatus: number] | undefined;
}

function decode(pieces: Iterable<Buffer>): Seen & { clean: boolean } {
  const seen: Seen = { stdout: "", stderr: "", end: undefined };
  const decoder = new ResponseDecoder(1, {
    stdout: (piece) => {
      seen.stdout += piece.toString("latin1");
    },
    stderr: (piece) => {
      seen.stderr += piece.toString("latin1");
    },
    end: (...end) => {
      seen.end = end;
    },
  });
  for (const piece of pieces) decoder.push(piece);
  return { ...seen, clean: decoder.clean };
}

// Typed from §3.3, §5.3 and §5.5: STDERR between pieces of STDOUT, both padded, both ended, and END_REQUEST.
const response =
  "01 06 0001 0003 05 00 | 616263 | ffffffffff" +
  "01 07 0001 0002 06 00 | 2121 | 000000000000" +
  "01 06 0001 0001 00 00 | 64" +
  "01 06 0001 0000 00 00" +
  "01 07 0001 0000 00 00";
const end = "01 03 0001 0008 00 00 | 00000100 00 000000";

describe("a response (FastCGI §5.3, §5.5)", () => {
  const expected = { stdout: "abcd", stderr: "!!", end: [256, 0], clean: true };

  test("whole, and byte by byte", () => {
    const wire = bytes(response + end);
    expect(decode([wire])).toEqual(expected);
    expect(decode([...wire].map((byte) => Buffer.of(byte)))).toEqual(expected);
  });

  test("records of other requests, of management and of unknown types are passed over", () => {
    const others =
      "01 06 0002 0001 00 00 | 78" +
      "01 0b 0000 0008 00 00 | 6300000000000000" +
      "01 63 0001 0001 00 00 | 79";
    expect(decode([bytes(others + response + others + end)])).toEqual(expected);
  });

  test.each([
    ["another record", "01 06 0001 0001 00 00 | 78"],
    ["half a record", "01 06"],
    ["a second end", end],
  ])("with %s behind its end the connection is not clean", (_, surplus) => {
    expect(decode([bytes(response + end + surplus)])).toEqual({ ...expected, clean: false });
    expect(decode([bytes(response + end), bytes(surplus)])).toEqual({ ...expected, clean: false });
  });

  test("it is not clean before its end", () => {
    expect(decode([bytes(response)])).toMatchObject({ end: undefined, clean: false });
  });

  test.each([
    ["FCGI_END_REQUEST", "01 03 0001 0004 00 00 | 00000000"],
    ["FCGI_END_REQUEST", "01 03 0001 0000 00 00"],
    ["FCGI_VERSION", "48 54 54502f312e31"],
  ])("%s", (code, wire) => {
    expect(() => decode([bytes(wire)])).toThrow(expect.objectContaining({ name: "ProtocolError", code }));
  });
});
