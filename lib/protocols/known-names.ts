// Names of variables out of the bytes of requests. Does no I/O.

const MAX_EXPECTED = 128;
const MAX_INTERNED = 512;
/** A name that is longer is made anew each time, so that what is kept stays small whatever a peer sends. */
const MAX_KEPT_BYTES = 128;

/**
 * The names of a protocol's requests in the order in which the last one had them. A web server sends the same ones for
 * each request, and finding a name again costs a fraction of making a string of it that can be looked up quickly.
 */
export class KnownNames {
  readonly #expected: string[] = [];
  readonly #interned = new Map<string, string>();

  /** The name that stands in `bytes` from `start` to `end`, the one with number `index` in its request. */
  at(bytes: Buffer, start: number, end: number, index: number): string {
    const guess = this.#expected[index];
    if (guess !== undefined && isAt(guess, bytes, start, end)) return guess;
    const text = bytes.toString("latin1", start, end);
    if (end - start > MAX_KEPT_BYTES) return text;
    const name = this.#intern(text);
    if (index < MAX_EXPECTED) this.#expected[index] = name;
    return name;
  }

  #intern(text: string): string {
    const known = this.#interned.get(text);
    if (known !== undefined) return known;
    if (this.#interned.size < MAX_INTERNED) this.#interned.set(text, text);
    return text;
  }
}

function isAt(name: string, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  // A loop over so few bytes costs half of what a call into the engine does.
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
