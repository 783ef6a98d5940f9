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
