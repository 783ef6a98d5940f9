// What handing a request to a thread or a connection to a process costs, and what two of them bring.

import { fastcgi, fastcgiRequest } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget, rateTarget } from "../targets.js";

/** About 3 ms of one processor, beside which the load costs nothing. */
const COMPUTING_STEPS = 500_000;

const models = {
  single: "single",
  "2 threads": "threads",
  "2 processes": "prefork",
  "2 processes, round robin": "round-robin",
};

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const servers = (connections, steps, names = Object.keys(models)) =>
    names.map((name) =>
      fastcgi(name, "backends/workers.js", [models[name], `${steps}`], fastcgiRequest(connections)),
    );
  const kept = {
    title: "A small request on a kept connection",
    kept: true,
    servers: servers("kept", 0),
  };
  const closed = {
    title: "A connection for each small request",
    kept: false,
    servers: servers("closed", 0),
  };
  for (const scenario of [kept, closed]) {
    const results = await measureSideBySide(scenario, bench);
    report.add(scenario.title, serverTable(results, "single"));
    cpuTarget(report, results, "2 processes", "single", 1.05, `${scenario.title}: `);
  }
  const computing = {
    title: "An application that computes for each request",
    kept: false,
    servers: servers("closed", COMPUTING_STEPS, ["single", "2 threads", "2 processes"]),
  };
  const results = await measureSideBySide(computing, bench);
  report.add(computing.title, serverTable(results, "single", ["rate", "rateRatio"]));
  rateTarget(report, results, "2 processes", "single", 1.7, `${computing.title}: `);
}
