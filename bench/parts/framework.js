// What the framework costs beside node:http and Hono, and beside the packages that it uses.

import { profile } from "../profile.js";
import { keptHttpRequest, nginxRequest } from "../request-bytes.js";
import { fastcgi, http, nodeHttp } from "../servers.js";
import { measureSideBySide } from "../side-by-side.js";
import { serverTable } from "../table.js";
import { cpuTarget } from "../targets.js";

const script = "backends/framework.js";

/** @type {import("../parts.js").Part["run"]} */
export async function run(bench, report) {
  const hono = "Hono on @hono/node-server";
  const plain = {
    title: "The last of 30 routes, a class, a header, a string",
    kept: true,
    servers: [
      fastcgi("postern", script, ["plain"], nginxRequest),
      http(hono, "backends/hono.js", ["http", "routes"], keptHttpRequest),
      nodeHttp("kept"),
    ],
  };
  const packages = "packages called directly";
  const page = {
    title: "The same with a cookie, the query, and a template of ten rows in a layout",
    kept: true,
    servers: [
      fastcgi("postern", script, ["page"], nginxRequest),
      fastcgi(packages, script, ["packages"], nginxRequest),
    ],
  };
  if (bench.options.profile) {
    await profile(plain, bench);
    await profile(page, bench);
    return;
  }
  const plainResults = await measureSideBySide(plain, bench);
  report.add(plain.title, serverTable(plainResults, "node:http"));
  cpuTarget(report, plainResults, "postern", "node:http", 1, "Framework: ");
  cpuTarget(report, plainResults, "postern", hono, 0.9, "Framework: ");
  const pageResults = await measureSideBySide(page, bench);
  report.add(page.title, serverTable(pageResults, packages));
  cpuTarget(report, pageResults, "postern", packages, 1.15, "Framework with a page: ");
}
