// Medians, which noise on the machine moves less than means.

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/**
 * @param {number[]} values at least one
 * @returns {Spread}
 */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  const lower = (sorted.length - 1) >> 1;
  return { median: (sorted[lower] + sorted[upper]) / 2, min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * One server's figure divided by another's of the same round.
 *
 * @param {import("./side-by-side.js").Result} one
 * @param {import("./side-by-side.js").Result} other
 * @param {(round: import("./side-by-side.js").Round) => number} figure
 */
export function ratios(one, other, figure) {
  return one.rounds.map((round, index) => figure(round) / figure(other.rounds[index]));
}

/**
 * The same of what could not be counted in every round.
 *
 * @param {(number | undefined)[]} values one for each round
 * @returns {Spread | undefined} undefined where it was counted in none
 */
export function spreadOfCounted(values) {
  const counted = values.filter(Number.isFinite);
  return counted.length === 0 ? undefined : spread(counted);
}
