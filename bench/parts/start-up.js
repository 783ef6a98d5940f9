import { measureStartUp } from "../start-up.js";
import { PACKAGES, READY_MADE } from "../start-up-floors.js";
import { startUpTable } from "../table.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const results = measureStartUp(bench);
  report.add("Start-up of a CGI script", startUpTable(results, bench.options));
  const figure = (name) => {
    const { ratio, instructionRatio } = results.find((result) => result.name === name);
    return { name, measured: ratio, instructions: instructionRatio };
  };
  const target = (name, what, limit, floor) =>
    report.target({
      ...figure(name),
      what: `CGI, ${what} beside node -e 0`,
      limit,
      floor: figure(floor),
    });
  target("hello, bundled", "the interface alone, bundled,", 1.1, READY_MADE);
  target("guestbook, bundled", "the guestbook's front page, bundled,", 1.35, PACKAGES);
}
