// Results as Markdown tables, which are read as well in a terminal as on a page.

import { ratios, spread, spreadOfCounted } from "./statistics.js";

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
    [
      "instructions a request",
      ({ rounds }) =>
        counted(spreadOfCounted(rounds.map(({ instructions }) => instructions)), 0, "not counted"),
    ],
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

/**
 * @param {import("./start-up.js").StartUp[]} results
 * @param {import("./options.js").Options} options
 */
export function startUpTable(results, { valgrind }) {
  const baseline = results[0].name;
  const beside = `beside ${baseline}`;
  const millions = ({ median, min, max }) =>
    written({ median: median / 1e6, min: min / 1e6, max: max / 1e6 }, 1);
  return tableOf(
    results.map(({ name, milliseconds, ratio, instructions, instructionRatio, modules }) => ({
      "one CGI request, whole process": name,
      ms: written(milliseconds, 1),
      [beside]: written(ratio, 2),
      [valgrind ? "million instructions, counted once by valgrind" : "million instructions"]:
        instructions === undefined ? NOTHING : millions(instructions),
      [`${beside}, by instructions`]:
        name === baseline && instructions !== undefined ? "1" : counted(instructionRatio, 3),
      "files loaded": `${modules ?? NOTHING}`,
    })),
  );
}

/** @param {import("./report.js").Target[]} targets */
export function targetTable(targets) {
  const shown = targets.map((target) => {
    const { what, limit, atLeast, measured, cpuTime, instructions, unit = "" } = target;
    const { digits = limit < 0.1 ? 3 : 2 } = target;
    const figure = (spread) => `${written(spread, digits)}${unit}`;
    return {
      target: what,
      limit: `${atLeast ? "≥" : "≤"} ${limit}${unit}`,
      measured: figure(measured),
      "by CPU time": counted(cpuTime, digits),
      "by instructions": counted(instructions, digits),
      reached: (atLeast ? measured.median >= limit : measured.median <= limit) ? "yes" : "no",
    };
  });
  return tableOf(shown);
}

/** How a figure of a {@link floorTable} was taken, and what that is called. */
const WAYS = { measured: "", cpuTime: ", by CPU time", instructions: ", by instructions" };

/** @param {import("./report.js").Target[]} targets with a floor */
export function floorTable(targets) {
  return tableOf(
    targets.map((target) => {
      const { what, limit, floor, digits = limit < 0.1 ? 3 : 2 } = target;
      const cells = Object.entries(WAYS).flatMap(([way, called]) => {
        const [ours, least] = [target[way], floor[way]];
        const ratio = ours && least ? (ours.median / least.median).toFixed(2) : NOTHING;
        return [
          [`its figure${called}`, counted(least, digits)],
          [`postern beside it${called}`, ratio],
        ];
      });
      return { target: what, "the floor": floor.name, ...Object.fromEntries(cells) };
    }),
  );
}

const NOTHING = "–";

/** Without the columns in which nothing stands. */
function tableOf(rows) {
  const columns = Object.keys(rows[0]).filter((column) => rows.some((row) => row[column] !== NOTHING));
  return table(
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
}

/** @param {import("./statistics.js").Spread} spread */
export function written({ median, min, max }, digits) {
  const [middle, low, high] = [median, min, max].map((value) =>
    value.toFixed(digits).replace(/^-(?=[0.]+$)/, ""),
  );
  return `${middle} (${low}–${high})`;
}

/** @param {import("./statistics.js").Spread | undefined} spread of what cannot be counted on every machine */
function counted(spread, digits, otherwise = NOTHING) {
  return spread === undefined ? otherwise : written(spread, digits);
}
