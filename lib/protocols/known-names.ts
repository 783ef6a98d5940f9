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
  readonly #expected: KnownName[] = [];
  readonly #interned = new Map<string, KnownName>();

  /** The name that stands in `bytes`, which `view` shows, from `start` to `end`: the one with number `index` in its request. */
  at(bytes: Buffer, view: DataView, start: number, end: number, index: number): string {
    const guess = this.#expected[index];
    if (guess?.isAt(view, start, end) === true) return guess.text;
    const text = bytes.toString("latin1", start, end);
    if (end - start > MAX_KEPT_BYTES) return text;
    const name = this.#intern(text);
    if (index < MAX_EXPECTED) this.#expected[index] = name;
    return name.text;
  }

  #intern(text: string): KnownName {
    const known = this.#interned.get(text);
    if (known !== undefined) return known;
    const name = new KnownName(text);
    if (this.#interned.size < MAX_INTERNED) this.#interned.set(text, name);
    return name;
  }
}

/** The same memory, for {@link KnownNames.at}. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes of a double, in which names are compared: a loop over single bytes costs four times as much. */
const STEP = 8;

class KnownName {
  readonly text: string;
  readonly #length: number;
  /** All of the name, eight bytes each; the last eight may overlap those in front of them. */
  readonly #steps: Float64Array;
  /** Names that are shorter than that, or have bytes of which a double does not tell that they are the same. */
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.#length = text.length;
    const bytes = Buffer.from(text, "latin1");
    const steps = new Float64Array(bytes.length < STEP ? 0 : Math.ceil(bytes.length / STEP));
    for (let step = 0; step < steps.length; step++)
      steps[step] = bytes.readDoubleLE(Math.min(step * STEP, bytes.length - STEP));
    // A finite double that is not zero equals none but itself.
    const exact = steps.length > 0 && steps.every((step) => Number.isFinite(step) && step !== 0);
    this.#steps = exact ? steps : new Float64Array(0);
    this.#bytes = exact ? new Uint8Array(0) : bytes;
  }

  isAt(view: DataView, start: number, end: number): boolean {
    if (this.#length !== end - start) return false;
    const steps = this.#steps;
    const last = steps.length - 1;
    if (last < 0) return this.#hasBytesAt(view, start);
    for (let step = 0; step < last; step++)
      if (steps[step] !== view.getFloat64(start + step * STEP, true)) return false;
    return steps[last] === view.getFloat64(end - STEP, true);
  }

  #hasBytesAt(view: DataView, start: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length; at++) if (bytes[at] !== view.getUint8(start + at)) return false;
    return true;
  }
}
