import { profile } from "../profile.js";
import {
  fastcgiRequest,
  nodeFastcgi,
  nodeHttp,
  otherPostern,
  plainParser,
  postern,
  readyMade,
} from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget } from "../targets.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const { options, peers } = bench;
  const scenario = {
    title: "A connection for each request",
    kept: false,
    servers: [
      postern("fastcgi", fastcgiRequest("closed")),
      ...otherPostern(options, fastcgiRequest("closed")),
      nodeHttp("closed"),
      readyMade("closed"),
      readyMade("destroyed", "ready-made bytes, destroyed"),
      plainParser("closed"),
    ],
  };
  if (options.profile) return profile(scenario, bench);
  if (peers.npm("node-fastcgi")) scenario.servers.push(nodeFastcgi("closed"));
  const results = await measureSideBySide(scenario, bench);
  report.add(scenario.title, serverTable(results, "node:http"));
  cpuTarget(report, results, "postern", "ready-made bytes", 1.25, "FastCGI, a connection each: ");
}
