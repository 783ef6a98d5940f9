import { profile } from "../profile.js";
import { nodeHttp, postern, requests } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget } from "../targets.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const closed = {
    title: "SCGI and uwsgi, a connection for each request",
    kept: false,
    servers: [
      postern("scgi", requests.scgi, "postern, SCGI"),
      postern("uwsgi", requests.uwsgi, "postern, uwsgi"),
      nodeHttp("closed"),
    ],
  };
  const kept = {
    title: "AJP on kept connections",
    kept: true,
    servers: [postern("ajp", requests.ajp, "postern, AJP"), nodeHttp("kept")],
  };
  if (bench.options.profile) {
    await profile(closed, bench);
    return profile(kept, bench);
  }
  for (const scenario of [closed, kept]) {
    const results = await measureSideBySide(scenario, bench);
    report.add(scenario.title, serverTable(results, "node:http"));
    for (const { name } of results.slice(0, -1)) cpuTarget(report, results, name, "node:http", 0.9);
  }
}
