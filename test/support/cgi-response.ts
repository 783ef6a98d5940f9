import type { CaseResponse } from "../../lib/testing/conformance.ts";

/** A response as CGI has it (RFC 3875 §6), such as FastCGI's STDOUT and what a script prints. */
export function parseCgiResponse(bytes: Buffer, complete: boolean): CaseResponse {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0)
    throw new Error(`no end of the head in ${JSON.stringify(bytes.toString("latin1").slice(0, 200))}`);
  const headers = parseHeaderLines(bytes.subarray(0, end));
  const [status] = headers.filter(([name]) => name === "Status").map(([, value]) => value);
  if (status === undefined) throw new Error("the head has no Status: it must always be sent");
  return {
    status: Number(status.slice(0, 3)),
    reason: status.slice(4),
    headers: headers.filter(([name]) => name !== "Status"),
    body: bytes.subarray(end + 4),
    complete,
  };
}

/** Lines that end in CR LF, one code point for each byte. */
export function parseHeaderLines(bytes: Buffer): [name: string, value: string][] {
  const lines = bytes.toString("latin1").split("\r\n");
  return lines.map((line) => {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([^\r\n\0]*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined)
      throw new Error(`not a header: ${JSON.stringify(line)}`);
    return [match[1], match[2]];
  });
}
