import { measureRouters } from "../router.js";
import { spread } from "../statistics.js";
import { routerTable } from "../table.js";

const SHORT = 30;
const LONG = 1_000;

/** @type {import("../parts.js").Part["run"]} */
export async function run({ options }, report) {
  const [[short, bare], [long]] = measureRouters([SHORT, LONG], options.rounds).map((results, index) => {
    report.add(`The last of ${index === 0 ? SHORT : LONG} routes`, routerTable(results));
    return results;
  });
  const what = "The last of 30 routes";
  const floor = { name: bare.name, measured: bare.nanoseconds };
  report.target({ what: `${what}, ns`, limit: 100, measured: short.nanoseconds, floor, digits: 0 });
  report.target({ what: `${what}, beside find-my-way`, limit: 0.75, measured: short.ratio });
  report.target({
    what: "The last of 1,000 routes, beside the last of 30",
    limit: 1.2,
    measured: spread(long.measured.map((one, round) => one / short.measured[round])),
  });
}
