// What handing a request to a thread or a connection to a process costs, and what two of them bring.

import { fastcgi, fastcgiRequest, sharedReadyMade } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuRatio, cpuTarget, rateTarget } from "../targets.js";

/** About 3 ms of one processor, beside which the load costs nothing. */
const COMPUTING_STEPS = 500_000;

const models = {
  single: "single",
  "2 threads": "threads",
  "2 processes": "prefork",
  "2 processes, round robin": "round-robin",
};
const PROCESSES = 2;

/** What Node and the kernel leave of it: the same on bytes that were made beforehand. */
const floor = { single: "ready-made bytes", "2 processes": "ready-made bytes, 2 processes" };

/** In less than a second, what each process does now and then is a part of it that differs from round to round. */
const SECONDS = 1;

/** @type {import("../parts.js").Part["run"]} */
export async function run(given, report) {
  const { warmUpSeconds, seconds } = given.options;
  const longer = { ...given.options, seconds: Math.max(seconds, SECONDS) };
  const bench = warmUpSeconds > 0 ? { ...given, options: longer } : given;
  const servers = (connections, steps, names = Object.keys(models)) =>
    names.map((name) =>
      fastcgi(name, "backends/workers.js", [models[name], `${steps}`], fastcgiRequest(connections)),
    );
  const small = (title, connections, behind) => ({
    title,
    kept: connections === "kept",
    servers: [
      ...servers(connections, 0).map((one) => ({ ...one, processes: one.name === "single" ? 1 : PROCESSES })),
      sharedReadyMade(behind, 1, floor.single),
      sharedReadyMade(behind, PROCESSES, floor["2 processes"]),
    ],
  });
  for (const scenario of [
    small("A small request on a kept connection", "kept", "kept"),
    small("A connection for each small request", "closed", "destroyed"),
  ]) {
    const results = await measureSideBySide(scenario, bench);
    report.add(scenario.title, serverTable(results, "single"));
    const least = {
      name: `${floor["2 processes"]}, beside one`,
      ...cpuRatio(results, floor["2 processes"], floor.single),
    };
    cpuTarget(report, results, "2 processes", "single", 1.05, `${scenario.title}: `, least);
  }
  const computing = {
    title: "An application that computes for each request",
    kept: false,
    counted: false,
    // What is on its way when a turn ends, 32 requests here, would be a large part of a short one.
    turns: 1,
    servers: servers("closed", COMPUTING_STEPS, ["single", "2 threads", "2 processes"]),
  };
  const results = await measureSideBySide(computing, bench);
  report.add(computing.title, serverTable(results, "single", ["rate", "rateRatio"]));
  rateTarget(report, results, "2 processes", "single", 1.7, `${computing.title}: `);
}
