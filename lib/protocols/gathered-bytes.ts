// Bytes put together from the pieces in which they come. Does no I/O.

const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 512;

/**
 * Keeps pieces one behind the other, in memory that grows with what has come: what a peer only announces costs nothing,
 * and single bytes cost no more than the same bytes at once.
 */
export class GatheredBytes {
  #memory = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** All that was added, in the memory that further pieces go on to fill. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  add(bytes: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#memory.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.#length * 2, FIRST_BYTES));
      this.#memory.copy(larger, 0, 0, this.#length);
      this.#memory = larger;
    }
    bytes.copy(this.#memory, this.#length, start, end);
    this.#length = length;
  }
}
