import { goServer } from "../other-languages.js";
import { keptHttpRequest } from "../request-bytes.js";
import { nodeFastcgi, nodeHttp, postern } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget, latencyTarget } from "../targets.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const { peers } = bench;
  if (!peers.front("lighttpd")) return;
  const behind = (server, protocol) => ({
    ...server,
    protocol: "http",
    request: keptHttpRequest,
    bytesBehind: 0,
    front: { program: "lighttpd", protocol },
  });
  const servers = [behind(postern("fastcgi"), "fastcgi"), behind(nodeHttp("closed"), "http")];
  const { go } = peers;
  if (go !== undefined) servers.push(behind(goServer(go), "fastcgi"));
  if (peers.npm("node-fastcgi")) servers.push(behind(nodeFastcgi("closed"), "fastcgi"));
  // lighttpd opens a connection for each request; those that are kept are its clients'.
  const scenario = { title: "Behind lighttpd", kept: true, latencies: true, servers };
  const results = await measureSideBySide(scenario, bench);
  report.add(scenario.title, serverTable(results, "node:http", ["cpu", "instructions", "rate", "p99"]));
  cpuTarget(report, results, "postern", "node:http", 0.65, "Behind lighttpd: ");
  cpuTarget(report, results, "postern", "Go net/http/fcgi", 0.8, "Behind lighttpd: ");
  latencyTarget(report, results, "postern", "Go net/http/fcgi", 1.2, "Behind lighttpd: ");
}
