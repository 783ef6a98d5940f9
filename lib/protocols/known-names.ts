// Names of variables out of the bytes of requests. Does no I/O.

const MAX_INTERNED = 512;
/** A name that is longer is made anew each time, so that what is kept stays small whatever a peer sends. */
const MAX_KEPT_BYTES = 128;

/** What takes the variables of a request as they come. */
export interface Pairs<Meaning> {
  /**
   * @param text the whole block that the variables came in as Latin-1: one code point a byte
   * @param start where the value begins in it
   * @param end where it ends
   */
  add(name: Meaning, text: string, start: number, end: number): void;
}

/**
 * The names of a protocol's requests, and which of them came behind which. A web server sends the same ones in the same
 * order for each request, but for those of a client's headers, and finding a name again costs a fraction of making a
 * string of it that can be looked up quickly.
 *
 * @typeParam Meaning what a name stands for, worked out once for each of them
 */
export class KnownNames<Meaning> {
  /** Stands in front of the first name of a request. */
  readonly first: KnownName<Meaning>;
  readonly #meaningOf: (text: string, isKept: boolean) => Meaning;
  readonly #interned = new Map<string, KnownName<Meaning>>();

  /** @param meaningOf is told whether what it gives is kept: it is asked anew each time for a name that is not */
  constructor(meaningOf: (text: string, isKept: boolean) => Meaning) {
    this.#meaningOf = meaningOf;
    this.first = new KnownName("", meaningOf("", true));
  }

  /** The name that stands behind `before`: in `bytes`, which `view` shows, from `start` to `end`. */
  behind(
    before: KnownName<Meaning>,
    bytes: Buffer,
    view: DataView,
    start: number,
    end: number,
  ): KnownName<Meaning> {
    const { next, otherNext } = before;
    if (next?.isAt(view, start, end) === true) return next;
    if (otherNext?.isAt(view, start, end) === true) return otherNext;
    const text = bytes.toString("latin1", start, end);
    let name = this.#interned.get(text);
    if (name === undefined) {
      const isKept = text.length <= MAX_KEPT_BYTES && this.#interned.size < MAX_INTERNED;
      name = new KnownName(text, this.#meaningOf(text, isKept));
      if (!isKept) return name;
      this.#interned.set(text, name);
    }
    before.otherNext = next;
    before.next = name;
    return name;
  }
}

/** The same memory, for {@link KnownNames.behind}. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes of a double, in which names are compared: a loop over single bytes costs four times as much. */
const STEP = 8;

/** A name, and the two that came behind it most recently. */
export class KnownName<Meaning> {
  readonly text: string;
  readonly meaning: Meaning;
  next: KnownName<Meaning> | undefined;
  otherNext: KnownName<Meaning> | undefined;
  readonly #length: number;
  /** Its first eight bytes, its last, and all in between, where the last of them may stand in two. */
  readonly #head: number = 0;
  readonly #tail: number = 0;
  readonly #middle: Float64Array;
  /** Names that are shorter than that, or have bytes of which a double does not tell that they are the same. */
  readonly #bytes: Uint8Array | undefined;

  constructor(text: string, meaning: Meaning) {
    this.text = text;
    this.meaning = meaning;
    this.#length = text.length;
    const bytes = Buffer.from(text, "latin1");
    const middle: number[] = [];
    if (bytes.length >= STEP) {
      this.#head = bytes.readDoubleLE(0);
      this.#tail = bytes.readDoubleLE(bytes.length - STEP);
      for (let at = STEP; at + STEP < bytes.length; at += STEP) middle.push(bytes.readDoubleLE(at));
    }
    this.#middle = Float64Array.from(middle);
    // A finite double that is not zero equals none but itself.
    const exact = [this.#head, this.#tail, ...middle].every((step) => Number.isFinite(step) && step !== 0);
    this.#bytes = exact ? undefined : bytes;
  }

  isAt(view: DataView, start: number, end: number): boolean {
    if (this.#length !== end - start) return false;
    if (this.#bytes !== undefined) return hasBytesAt(this.#bytes, view, start);
    if (this.#head !== view.getFloat64(start, true)) return false;
    if (this.#tail !== view.getFloat64(end - STEP, true)) return false;
    const middle = this.#middle;
    for (let step = 0, at = start + STEP; step < middle.length; step++, at += STEP)
      if (middle[step] !== view.getFloat64(at, true)) return false;
    return true;
  }
}

function hasBytesAt(bytes: Uint8Array, view: DataView, start: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== view.getUint8(start + at)) return false;
  return true;
}
