// The head of an SCGI request into bytes. Does no I/O.

import { ApplicationError } from "../../errors.ts";

/**
 * What stands in front of a body of `contentLength` bytes. CONTENT_LENGTH and SCGI are made here, where the specification
 * wants them; those among `variables` are left out.
 *
 * @throws {ApplicationError} `VARIABLE` when a name or a value cannot be sent
 */
export function encodeScgiRequest(
  contentLength: number,
  variables: Iterable<readonly [name: string, value: string]>,
): Buffer {
  let block = `CONTENT_LENGTH\0${contentLength}\0SCGI\x001\0`;
  for (const [name, value] of variables) {
    if (name === "CONTENT_LENGTH" || name === "SCGI") continue;
    if (name === "" || !isString(name) || !isString(value)) {
      throw new ApplicationError(
        "VARIABLE",
        `variable ${JSON.stringify(name)} has no name, or holds a NUL or a character that is no byte`,
      );
    }
    block += `${name}\0${value}\0`;
  }
  return Buffer.from(`${block.length}:${block},`, "latin1");
}

/** A NUL would end a value and begin a variable of its own. */
function isString(text: string): boolean {
  return !text.includes("\0") && !/[\u0100-\uffff]/.test(text);
}
