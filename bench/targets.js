// What is to be reached, made of results.

import { ratios, spread, spreadOfCounted } from "./statistics.js";
import { rateOf } from "./table.js";

/**
 * The CPU time of one server beside another's, where both were measured.
 *
 * @param {import("./report.js").Report} report
 * @param {import("./side-by-side.js").Result[]} results
 * @param {string} name
 * @param {string} otherName
 * @param {number} limit
 * @param {string} [where] in front of the names
 * @param {import("./report.js").Floor} [floor]
 */
export function cpuTarget(report, results, name, otherName, limit, where = "", floor) {
  const ratio = cpuRatio(results, name, otherName);
  if (ratio === undefined) return;
  report.target({ what: `${where}${name}, CPU time beside ${otherName}`, limit, ...ratio, floor });
}

/** @returns {import("./report.js").Figure | undefined} of one server's CPU time beside another's, where both were measured */
export function cpuRatio(results, name, otherName) {
  const [one, other] = both(results, name, otherName);
  if (one === undefined || other === undefined) return undefined;
  return {
    measured: spread(ratios(one, other, ({ cpu }) => cpu)),
    instructions: spreadOfCounted(ratios(one, other, ({ instructions }) => instructions)),
  };
}

/** The same of requests per second, of which there should be more. */
export function rateTarget(report, results, name, otherName, limit, where = "") {
  const [one, other] = both(results, name, otherName);
  if (one === undefined || other === undefined) return;
  const measured = spread(ratios(one, other, rateOf));
  report.target({ what: `${where}${name}, requests/s beside ${otherName}`, limit, atLeast: true, measured });
}

/** The same of the time within which 99 of 100 requests were answered. */
export function latencyTarget(report, results, name, otherName, limit, where = "") {
  const [one, other] = both(results, name, otherName);
  if (one === undefined || other === undefined) return;
  const measured = spread(ratios(one, other, ({ p99 }) => p99));
  report.target({ what: `${where}${name}, p99 beside ${otherName}`, limit, measured });
}

function both(results, ...names) {
  return names.map((name) => results.find((result) => result.name === name));
}

/** Bars of a chart: CPU time beside the baseline's. */
export function cpuBars(results, baselineName) {
  const baseline = results.find(({ name }) => name === baselineName);
  return results.map((one) => ({
    name: one.name,
    value: spread(ratios(one, baseline, ({ cpu }) => cpu)).median,
    ours: one.name.startsWith("postern"),
  }));
}
