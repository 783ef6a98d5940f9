import { measureStartUp } from "../start-up.js";
import { startUpTable } from "../table.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run({ options, folder }, report) {
  const results = measureStartUp(options.starts, folder);
  report.add("Start-up of a CGI script", startUpTable(results));
  const [baseline] = results;
  const target = (name, what, limit) => {
    const { ratio, instructions } = results.find((result) => result.name === name);
    report.target({
      what: `CGI, ${what} beside node -e 0`,
      limit,
      measured: ratio,
      ...(instructions && { instructions: instructions / baseline.instructions }),
    });
  };
  target("hello, bundled", "the interface alone, bundled,", 1.1);
  target("guestbook, bundled", "the guestbook's front page, bundled,", 1.35);
}
