// Results as Markdown tables, which are read as well in a terminal as on a page.

import { ratios, spread } from "./statistics.js";

/**
 * @param {string[]} columns the first is set to the left, the others to the right
 * @param {string[][]} rows
 */
export function table(columns, rows) {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index].length)),
  );
  const line = (cells) =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index]))).join(" | ")} |\n`;
  const rule = widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return line(columns) + line(rule) + rows.map(line).join("");
}

/** Columns of {@link serverTable}: heading, and a cell of a result. */
const COLUMNS = {
  cpu: (baseline) => [
    ["CPU µs a request", ({ rounds }) => written(spread(rounds.map(({ cpu }) => cpu)), 1)],
    [`beside ${baseline.name}`, (one) => beside(one, baseline, ({ cpu }) => cpu)],
  ],
  instructions: () => [
    ["instructions a request", ({ instructions }) => instructions?.toFixed(0) ?? "not counted"],
  ],
  rate: () => [["requests/s", ({ rounds }) => written(spread(rounds.map(rateOf)), 0)]],
  rateRatio: (baseline) => [[`beside ${baseline.name}`, (one) => beside(one, baseline, rateOf)]],
  p99: () => [["p99, ms", ({ rounds }) => written(spread(rounds.map(({ p99 }) => p99)), 2)]],
};

/**
 * @param {import("./side-by-side.js").Result[]} results
 * @param {string} baselineName
 * @param {(keyof COLUMNS)[]} [kinds]
 */
export function serverTable(results, baselineName, kinds = ["cpu", "instructions", "rate"]) {
  const baseline = results.find(({ name }) => name === baselineName);
  const columns = kinds.flatMap((kind) => COLUMNS[kind](baseline));
  return table(
    ["server", ...columns.map(([heading]) => heading)],
    results.map((one) => [one.name, ...columns.map(([, cell]) => cell(one))]),
  );
}

function beside(one, baseline, figure) {
  return one === baseline ? "1" : written(spread(ratios(one, baseline, figure)), 2);
}

export function rateOf({ requests, seconds }) {
  return requests / seconds;
}

/** @param {import("./router.js").RouterResult[]} results the last is the baseline */
export function routerTable(results) {
  const baseline = results.at(-1).name;
  return table(
    ["router", "CPU ns a match", `beside ${baseline}`],
    results.map(({ name, nanoseconds, ratio }) => [
      name,
      written(nanoseconds, 0),
      name === baseline ? "1" : written(ratio, 2),
    ]),
  );
}

/** @param {import("./start-up.js").StartUp[]} results */
export function startUpTable(results) {
  const baseline = results[0].name;
  return table(
    ["one CGI request, whole process", "ms", `beside ${baseline}`, "million instructions", "files loaded"],
    results.map(({ name, milliseconds, ratio, instructions, modules }) => [
      name,
      written(milliseconds, 1),
      name === baseline ? "1" : written(ratio, 2),
      instructions === undefined ? "–" : (instructions / 1e6).toFixed(0),
      `${modules ?? "–"}`,
    ]),
  );
}

/** @param {import("./report.js").Target[]} targets */
export function targetTable(targets) {
  const shown = targets.map((target) => {
    const { what, limit, atLeast, measured, instructions, floor, unit = "" } = target;
    const { digits = limit < 0.1 ? 3 : 2 } = target;
    const figure = (spread) => `${written(spread, digits)}${unit}`;
    return {
      target: what,
      limit: `${atLeast ? "≥" : "≤"} ${limit}${unit}`,
      measured: figure(measured),
      "by instructions": instructions?.toFixed(digits) ?? "–",
      "the floor of this run": floor === undefined ? "–" : figure(floor.measured),
      reached: (atLeast ? measured.median >= limit : measured.median <= limit) ? "yes" : "no",
    };
  });
  const columns = Object.keys(shown[0]).filter((column) => shown.some((row) => row[column] !== "–"));
  return table(
    columns,
    shown.map((row) => columns.map((column) => row[column])),
  );
}

/** @param {import("./statistics.js").Spread} spread */
export function written({ median, min, max }, digits) {
  const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return `${middle} (${low}–${high})`;
}
