/** The first pause and the longest one, in milliseconds. */
const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** What served this long has not ended at once, in milliseconds. */
const ALIVE_MS = 1_000;

/** How long to wait with another child or thread: not at all, unless one after the other ends at once. */
export class CrashPauses {
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;

  /**
   * One has ended that began to serve at `readyAt`, or never did.
   *
   * @returns how long to wait with the next one, in milliseconds
   */
  ended(readyAt: number | undefined, now = performance.now()): number {
    const left = this.remaining(now);
    // Several that end together are one failure, however many they are.
    if (left > 0 || (readyAt !== undefined && now - readyAt >= ALIVE_MS)) return left;
    // Those of long ago are forgotten.
    if (now - this.#until > LONGEST_MS) this.#failures = 0;
    const pause = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures++;
    this.#until = now + pause;
    return pause;
  }

  /** How much of a pause is left, in whole milliseconds. */
  remaining(now = performance.now()): number {
    return Math.ceil(Math.max(0, this.#until - now));
  }
}
