// The head of a uwsgi request into bytes. Does no I/O.

import { ApplicationError } from "../../errors.ts";

const HEADER_BYTES = 4;
/** datasize is a number of 16 bits. */
const MAX_BYTES = 65_535;
const WIDE = /[\u0100-\uffff]/;

/**
 * The packet that stands in front of a body. How long that is says CONTENT_LENGTH, a variable like others.
 *
 * @throws {ApplicationError} `VARIABLE` when a name or a value cannot be sent, or all together are more than a packet
 *   can hold
 */
export function encodeUwsgiRequest(variables: Iterable<readonly [name: string, value: string]>): Buffer {
  let block = "";
  for (const [name, value] of variables) {
    if (name === "" || WIDE.test(name) || WIDE.test(value)) {
      throw new ApplicationError(
        "VARIABLE",
        `variable ${JSON.stringify(name)} has no name, or holds a character that is no byte`,
      );
    }
    block += encodeLength(name) + name + encodeLength(value) + value;
    if (block.length > MAX_BYTES) {
      throw new ApplicationError("VARIABLE", `the variables are longer than ${MAX_BYTES} bytes`);
    }
  }
  const bytes = Buffer.alloc(HEADER_BYTES + block.length);
  bytes.writeUInt16LE(block.length, 1);
  bytes.write(block, HEADER_BYTES, "latin1");
  return bytes;
}

/** Two bytes, the low one first, one code point each. */
function encodeLength({ length }: string): string {
  return String.fromCharCode(length & 0xff, length >> 8);
}
