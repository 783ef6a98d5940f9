// An application of a framework on our server beside the same one on Node's own.

import { profile } from "../profile.js";
import { keptHttpRequest, nginxRequest } from "../request-bytes.js";
import { fastcgi, http } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget } from "../targets.js";

const frameworks = [
  { name: "Hono", script: "backends/hono.js", server: "@hono/node-server", limit: 0.9 },
  { name: "Express", script: "backends/express.js", server: "node:http", limit: 1.15 },
];

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  for (const { name, script, server, limit } of frameworks) {
    const [ours, other] = [`${name} over FastCGI`, `${name} on ${server}`];
    const scenario = {
      title: name,
      kept: true,
      servers: [
        fastcgi(ours, script, ["fastcgi"], nginxRequest),
        http(other, script, ["http"], keptHttpRequest),
      ],
    };
    if (bench.options.profile) {
      await profile(scenario, bench);
      continue;
    }
    const results = await measureSideBySide(scenario, bench);
    report.add(scenario.title, serverTable(results, other));
    cpuTarget(report, results, ours, other, limit);
  }
}
