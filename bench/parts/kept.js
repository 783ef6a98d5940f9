import { otherLanguages } from "../other-languages.js";
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
import { cpuBars, cpuRatio, cpuTarget } from "../targets.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const { options, peers, folder } = bench;
  const scenario = {
    title: "Kept connections",
    kept: true,
    servers: [
      postern("fastcgi", fastcgiRequest("kept")),
      ...otherPostern(options, fastcgiRequest("kept")),
      nodeHttp("kept"),
      readyMade("kept"),
      plainParser("kept"),
    ],
  };
  if (options.profile) return profile(scenario, bench);
  if (peers.npm("node-fastcgi")) {
    scenario.servers.push(
      { ...nodeFastcgi("closed"), kept: false },
      nodeFastcgi("kept", "node-fastcgi, mended"),
    );
  }
  scenario.servers.push(...otherLanguages(peers, folder));
  const results = await measureSideBySide(scenario, bench);
  report.add(scenario.title, serverTable(results, "node:http"));
  const title = "FastCGI, kept connections: CPU time a request beside node:http";
  report.chart(title, cpuBars(results, "node:http"), { line: 1, cut: 4 });
  const floor = { ...cpuRatio(results, "plain parser", "node:http"), name: "plain parser" };
  cpuTarget(report, results, "postern", "node:http", 0.7, "FastCGI, kept: ", floor);
  cpuTarget(report, results, "postern", "node-fastcgi", 0.07, "FastCGI, kept: ");
}
