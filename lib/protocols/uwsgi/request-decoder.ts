// The head of a uwsgi request, out of a byte stream that may be cut anywhere. Does no I/O. The protocol is described in
// uWSGI's documentation under "The uwsgi Protocol", and in the modules of the web servers that speak it.

import { ProtocolError } from "../../errors.ts";
import { CountedBlockDecoder } from "../counted-block-decoder.ts";
import { type KnownNames, type Pairs, viewOf } from "../known-names.ts";

/** modifier1 of a request to a gateway application. Web servers send it unless told otherwise. */
const GATEWAY_REQUEST = 0;

/**
 * Turns a packet into variables; the body is what comes behind. A packet is modifier1 (1 byte), datasize (2), modifier2
 * (1, of no meaning here) and datasize bytes of pairs: length (2) and name, length (2) and value. Each number has its
 * low byte first.
 */
export class UwsgiRequestDecoder<Meaning> extends CountedBlockDecoder {
  readonly #maxBytes: number;
  readonly #names: KnownNames<Meaning>;
  readonly #pairs: Pairs<Meaning>;
  #position = 0;
  #size = 0;

  /**
   * `push` throws {ProtocolError} `UWSGI_MODIFIER`, `PARAMS_TOO_LARGE` or `UWSGI_PAIRS`, and what `pairs` throws.
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
    switch (this.#position++) {
      case 0:
        // At once, since what speaks another protocol may never send four bytes.
        if (byte === GATEWAY_REQUEST) return undefined;
        throw new ProtocolError("UWSGI_MODIFIER", `a request has modifier1 ${byte}; only 0 is served`);
      case 1:
        this.#size = byte;
        return undefined;
      case 2:
        this.#size |= byte << 8;
        if (this.#size <= this.#maxBytes) return undefined;
        throw new ProtocolError("PARAMS_TOO_LARGE", `the variables are longer than ${this.#maxBytes} bytes`);
      default:
        return this.#size;
    }
  }

  protected override read(block: Buffer): void {
    const text = block.toString("latin1");
    const view = viewOf(block);
    let name = this.#names.first;
    for (let at = 0; at < block.length; ) {
      const nameStart = at + 2;
      const nameEnd = nameStart + lengthAt(block, at);
      if (nameEnd === nameStart) throw new ProtocolError("UWSGI_PAIRS", "a variable has no name");
      const valueStart = nameEnd + 2;
      const valueEnd = valueStart + lengthAt(block, nameEnd);
      if (valueEnd > block.length) truncated();
      name = this.#names.behind(name, block, view, nameStart, nameEnd);
      this.#pairs.add(name.meaning, text, valueStart, valueEnd);
      at = valueEnd;
    }
  }
}

function lengthAt(block: Buffer, at: number): number {
  if (at + 2 > block.length) truncated();
  return (block[at] as number) | ((block[at + 1] as number) << 8);
}

function truncated(): never {
  throw new ProtocolError("UWSGI_PAIRS", "a variable runs past the end of its packet");
}
