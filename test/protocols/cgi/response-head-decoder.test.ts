import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResponseHeadDecoder } from "../../../lib/protocols/cgi/response-head-decoder.ts";
import { cuts, piecesOf, singleBytes } from "../../support/cut.ts";

interface Decoded {
  readonly status: string | undefined;
  readonly headers: readonly (readonly [string, string])[] | undefined;
  readonly rest: string;
}

function decode(pieces: Iterable<Buffer>, maxBytes = 65_536): Decoded {
  const decoder = new ResponseHeadDecoder(maxBytes);
  let rest = "";
  for (const piece of pieces) rest += piece.toString("latin1", decoder.push(piece));
  return { status: decoder.head?.status, headers: decoder.head?.headers, rest };
}

const plain = ["Content-Type", "text/plain"] as const;

describe("decoding the head of a response (RFC 3875 §6)", () => {
  test.each<{ name: string; wire: string; status: string; headers: (readonly [string, string])[] }>([
    {
      name: "a status and headers",
      wire: "Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\n",
      status: "404 Not Found",
      headers: [plain],
    },
    {
      name: "lines that end in a line feed, names in any case",
      wire: "content-type:text/plain\nSTATUS:\t201   Created\n\n",
      status: "201 Created",
      headers: [["content-type", "text/plain"]],
    },
    { name: "both ends of a line in one head", wire: "A: b\n\r\n", status: "200 OK", headers: [["A", "b"]] },
    {
      name: "no status",
      wire: "Content-Type: text/plain\r\n\r\n",
      status: "200 OK",
      headers: [plain],
    },
    { name: "a status alone, without a reason", wire: "Status: 204\r\n\r\n", status: "204 ", headers: [] },
    {
      name: "a location without a status (§6.2.3)",
      wire: "Location: http://localhost/\r\n\r\n",
      status: "302 Found",
      headers: [["Location", "http://localhost/"]],
    },
    {
      name: "a location with a status",
      wire: "Location: /new\r\nStatus: 201 Created\r\n\r\n",
      status: "201 Created",
      headers: [["Location", "/new"]],
    },
    {
      name: "a status line, as of uWSGI",
      wire: "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\n\r\n",
      status: "500 Internal Server Error",
      headers: [plain],
    },
    { name: "a status line alone", wire: "HTTP/1.0 200\n\n", status: "200 ", headers: [] },
    {
      name: "a status line wins over a status",
      wire: "HTTP/1.1 404 Not Found\r\nStatus: 200 OK\r\n\r\n",
      status: "404 Not Found",
      headers: [],
    },
    {
      name: "repeated headers, empty values, blanks around a value, bytes above 127",
      wire: "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nEmpty:\r\nX: \t a b\xa0 \t\r\n\r\n",
      status: "200 OK",
      headers: [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["Empty", ""],
        ["X", "a b\xa0"],
      ],
    },
  ])("$name: whole, byte by byte, and with a body", ({ wire, status, headers }) => {
    const input = Buffer.from(wire, "latin1");
    expect(decode([input])).toEqual({ status, headers, rest: "" });
    expect(decode(singleBytes(input))).toEqual({ status, headers, rest: "" });
    const body = "\n\nbody\r\n\r\n";
    const whole = Buffer.concat([input, Buffer.from(body)]);
    expect(decode([whole])).toEqual({ status, headers, rest: body });
    expect(decode(singleBytes(whole))).toEqual({ status, headers, rest: body });
  });

  test("nothing comes out before the empty line has ended", () => {
    expect(decode([Buffer.from("A: b\r\n\r")])).toEqual({ status: undefined, headers: undefined, rest: "" });
  });

  test.each<[string, string]>([
    ["a line without a colon", "Status: 200 OK\r\nnonsense\r\n\r\n"],
    ["an empty name", ": value\r\n\r\n"],
    ["a name with a space", "Content Type: text/plain\r\n\r\n"],
    ["a space in front of the colon", "Content-Type : text/plain\r\n\r\n"],
    ["a folded line", "A: b\r\n c\r\n\r\n"],
    ["a NUL in a value", "A: b\0\r\n\r\n"],
    ["a carriage return in a value", "A: b\rc\r\n\r\n"],
    ["a status that is no number", "Status: OK\r\n\r\n"],
    ["a status of four digits", "Status: 2000 OK\r\n\r\n"],
    ["a status that is not final", "Status: 100 Continue\r\n\r\n"],
    ["a status line that is not final", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["two statuses", "Status: 200 OK\r\nStatus: 404 Not Found\r\n\r\n"],
    ["a status line that is not the first", "A: b\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["nothing but its end", "\r\n"],
    ["a page instead of a head", "<html>\n\n"],
  ])("%s is refused", (_name, wire) => {
    const refusal = expect.objectContaining({ name: "ProtocolError", code: "RESPONSE_HEAD" });
    const input = Buffer.from(wire, "latin1");
    expect(() => decode([input])).toThrow(refusal);
    expect(() => decode(singleBytes(input))).toThrow(refusal);
  });

  test("a head over the limit is refused, though its end has not come; a body is not counted", () => {
    const refusal = expect.objectContaining({ name: "ProtocolError", code: "RESPONSE_HEAD_TOO_LARGE" });
    expect(() => decode([Buffer.from("A: bcdef\r\n")], 9)).toThrow(refusal);
    expect(() => decode(singleBytes(Buffer.from("A: bcdef\r\n")), 9)).toThrow(refusal);
    expect(decode([Buffer.from("A: b\r\n\r\nand a body")], 8).status).toBe("200 OK");
  });

  test("any headers, cut anywhere, come out the same", () => {
    const name = fc.stringMatching(/^X-[A-Za-z0-9-]{1,20}$/);
    const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
    const headers = fc.array(fc.tuple(name, value), { maxLength: 10 });
    fc.assert(
      fc.property(headers, fc.constantFrom("\r\n", "\n"), cuts, (headers, end, places) => {
        const lines = ["Status: 200 OK", ...headers.map(([name, value]) => `${name}: ${value}`), "", "body"];
        const pieces = piecesOf(Buffer.from(lines.join(end)), places);
        expect(decode(pieces)).toEqual({ status: "200 OK", headers, rest: "body" });
      }),
    );
  });
});
