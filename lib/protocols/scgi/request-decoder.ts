// The head of an SCGI request, out of a byte stream that may be cut anywhere. Does no I/O.

import { ProtocolError } from "../../errors.ts";
import { CountedBlockDecoder } from "../counted-block-decoder.ts";
import { type KnownNames, type Pairs, viewOf } from "../known-names.ts";

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
/** Digits of a length past which nobody waits for its colon, whatever the limit is. */
const MAX_DIGITS = 10;

/**
 * Turns `LENGTH ":" *(NAME NUL VALUE NUL) ","` into variables; the body is what comes behind.
 *
 * CONTENT_LENGTH need not be the first, though the specification wants it to be: it is understood anywhere. It must be
 * there, and so must `SCGI` of value `1`, which tells a request from any other netstring. It must not be less than the
 * client's own header says: a body would lose its end unseen. One that is left out on purpose looks just the same.
 */
export class ScgiRequestDecoder<Meaning> extends CountedBlockDecoder {
  readonly #maxBytes: number;
  readonly #names: KnownNames<Meaning>;
  readonly #pairs: Pairs<Meaning>;
  #digits = 0;
  #length = 0;

  /**
   * `push` throws {ProtocolError} `SCGI_LENGTH`, `PARAMS_TOO_LARGE`, `SCGI_NETSTRING`, `SCGI_HEADERS`, `SCGI_VERSION` or
   * `CONTENT_LENGTH`, and what `pairs` throws.
   *
   * @param maxBytes the longest block of variables; a longer one is refused where it is announced
   * @param pairs gets the variables when the block is complete
   */
  constructor(maxBytes: number, names: KnownNames<Meaning>, pairs: Pairs<Meaning>) {
    super();
    this.#maxBytes = maxBytes;
    this.#names = names;
    this.#pairs = pairs;
  }

  protected override announce(byte: number): number | undefined {
    // The comma belongs to the netstring, but not to what its length counts.
    if (byte === COLON && this.#digits > 0) return this.#length + 1;
    const digit = byte - ZERO;
    // A zero in front is a netstring's error; it could be octal to the one and decimal to the other.
    const leadingZero = this.#digits > 0 && this.#length === 0;
    if (!(digit >= 0 && digit <= 9) || leadingZero || this.#digits === MAX_DIGITS) {
      throw new ProtocolError("SCGI_LENGTH", "a request does not begin with a length in digits and a colon");
    }
    this.#digits++;
    this.#length = this.#length * 10 + digit;
    if (this.#length > this.#maxBytes) {
      throw new ProtocolError("PARAMS_TOO_LARGE", `the variables are longer than ${this.#maxBytes} bytes`);
    }
    return undefined;
  }

  protected override read(block: Buffer): void {
    const end = block.length - 1;
    if (block[end] !== COMMA)
      throw new ProtocolError("SCGI_NETSTRING", "no comma stands behind the variables");
    const text = block.toString("latin1", 0, end);
    const view = viewOf(block);
    let contentLength: string | undefined;
    let version: string | undefined;
    let sent: string | undefined;
    let name = this.#names.first;
    for (let at = 0; at < end; ) {
      const nameEnd = endOfString(text, at);
      const valueEnd = endOfString(text, nameEnd + 1);
      if (nameEnd === at) throw new ProtocolError("SCGI_HEADERS", "a variable has no name");
      name = this.#names.behind(name, block, view, at, nameEnd);
      if (name.text === "CONTENT_LENGTH")
        contentLength = sameLength(contentLength, text.slice(nameEnd + 1, valueEnd));
      else if (name.text === "SCGI") version = text.slice(nameEnd + 1, valueEnd);
      else if (name.text === "HTTP_CONTENT_LENGTH") sent = text.slice(nameEnd + 1, valueEnd);
      this.#pairs.add(name.meaning, text, nameEnd + 1, valueEnd);
      at = valueEnd + 1;
    }
    if (contentLength === undefined) throw new ProtocolError("CONTENT_LENGTH", "there is no CONTENT_LENGTH");
    // nginx before 2026 sends how much of the body it has read so far, with scgi_request_buffering off, which can be
    // nothing. So 0 does not tell that from scgi_pass_request_body off, as in what auth_request asks.
    if (sent !== undefined && /^\d+$/.test(sent) && Number(sent) > Number(contentLength)) {
      throw new ProtocolError(
        "CONTENT_LENGTH",
        `CONTENT_LENGTH is ${contentLength} where the client's header is ${sent}; nginx needs scgi_request_buffering on, or, ` +
          'where scgi_pass_request_body is off, scgi_param HTTP_CONTENT_LENGTH ""',
      );
    }
    if (version !== "1") throw new ProtocolError("SCGI_VERSION", "there is no variable SCGI of value 1");
  }
}

function endOfString(text: string, at: number): number {
  const end = text.indexOf("\0", at);
  if (end < 0) throw new ProtocolError("SCGI_HEADERS", "the variables do not end in a value and a NUL");
  return end;
}

function sameLength(before: string | undefined, value: string): string {
  if (!/^\d+$/.test(value)) {
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH is not a number of bytes");
  }
  if (before !== undefined && before !== value) {
    throw new ProtocolError("CONTENT_LENGTH", "CONTENT_LENGTH was sent twice and differs");
  }
  return value;
}
