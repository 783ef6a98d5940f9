// Results as Markdown tables, which are read as well in a terminal as on a page.

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

/**
 * @param {import("./side-by-side.js").Result[]} results
 * @param {string} baseline
 */
export function serverTable(results, baseline) {
  return table(
    ["server", "CPU µs a request", `beside ${baseline}`, "requests/s"],
    results.map(({ name, cpuMicroseconds, cpuRatio, requestsPerSecond }) => [
      name,
      written(cpuMicroseconds, 1),
      name === baseline ? "1" : written(cpuRatio, 2),
      written(requestsPerSecond, 0),
    ]),
  );
}

/**
 * @param {import("./side-by-side.js").Result[]} results
 * @param {string} baseline
 */
export function rateTable(results, baseline) {
  return table(
    ["server", "requests/s", `beside ${baseline}`],
    results.map(({ name, requestsPerSecond, rateRatio }) => [
      name,
      written(requestsPerSecond, 0),
      name === baseline ? "1" : written(rateRatio, 2),
    ]),
  );
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
    ["one CGI request, whole process", "ms", `beside ${baseline}`, "modules loaded"],
    results.map(({ name, milliseconds, ratio, modules }) => [
      name,
      written(milliseconds, 1),
      name === baseline ? "1" : written(ratio, 2),
      `${modules}`,
    ]),
  );
}

function written({ median, min, max }, digits) {
  const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return `${middle} (${low}–${high})`;
}
