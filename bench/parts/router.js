import { measureRouters } from "../router.js";
import { routerTable } from "../table.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run({ options }, report) {
  const [short, long] = [30, 1_000].map((size) => {
    const results = measureRouters(size, options.rounds);
    report.add(`The last of ${size} routes`, routerTable(results));
    return results[0];
  });
  const what = "The last of 30 routes";
  report.target({ what: `${what}, ns`, limit: 100, measured: short.nanoseconds, digits: 0 });
  report.target({ what: `${what}, beside find-my-way`, limit: 0.75, measured: short.ratio });
  const { median } = short.nanoseconds;
  const { nanoseconds } = long;
  report.target({
    what: "The last of 1,000 routes, beside the last of 30",
    limit: 1.2,
    measured: {
      median: nanoseconds.median / median,
      min: nanoseconds.min / median,
      max: nanoseconds.max / median,
    },
  });
}
