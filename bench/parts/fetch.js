// A fetch application that reads headers and a body.

import { profile } from "../profile.js";
import { httpPost, nginxPost } from "../request-bytes.js";
import { fastcgi, http } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget } from "../targets.js";

const script = "backends/hono-body.js";
const body = [
  "name=Ada+Lovelace&entry=The+Analytical+Engine+weaves+patterns",
  "application/x-www-form-urlencoded",
];

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const [ours, other, usual] = ["Hono over FastCGI", "Hono on srvx", "Hono on @hono/node-server"];
  const over = (name, server) => http(name, script, [server], httpPost(...body));
  const scenario = {
    title: "Hono with headers and a body",
    kept: true,
    servers: [fastcgi(ours, script, ["fastcgi"], nginxPost(...body)), over(usual, "node-server")],
  };
  if (bench.options.profile) return profile(scenario, bench);
  const isThere = bench.peers.npm("srvx");
  if (isThere) scenario.servers.push(over(other, "srvx"));
  const results = await measureSideBySide(scenario, bench);
  report.add(scenario.title, serverTable(results, isThere ? other : usual));
  cpuTarget(report, results, ours, other, 1, `${scenario.title}: `);
}
