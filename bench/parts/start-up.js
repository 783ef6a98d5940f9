import { measureStartUp } from "../start-up.js";
import { startUpTable } from "../table.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run({ options }, report) {
  const results = measureStartUp(options.starts);
  report.add("Start-up of a CGI script", startUpTable(results));
  const [, hello] = results;
  report.target({ what: "CGI, hello.cgi beside node -e 0", limit: 1.1, measured: hello.ratio });
}
