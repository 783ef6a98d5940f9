// What is measured side by side.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { closedHttpRequest, keptHttpRequest, lighttpdRequest, nginxRequest } from "./request-bytes.js";

/**
 * @typedef {object} Definition one server
 * @property {string} name
 * @property {string} script
 * @property {string[]} args behind the socket's path
 * @property {"fastcgi" | "http"} protocol
 * @property {Buffer} request
 * @property {number} bytesBehind what the server sends behind the end of each response
 *
 * @typedef {object} Scenario
 * @property {string} title
 * @property {boolean} kept
 * @property {string} baseline name of the server that the others are compared with
 * @property {Definition[]} servers
 */

export const CONNECTIONS = 32;

/** node-fastcgi ends its STDERR behind END_REQUEST, where a connection is kept. */
const EMPTY_RECORD_BYTES = 8;

const ours = import.meta.resolve("postern/server/fcgi");

/**
 * @param {{ compare: string | undefined, peers: boolean }} what
 * @returns {Scenario[]}
 */
export function scenarios({ compare, peers }) {
  const kept = [
    postern("postern", ours, nginxRequest),
    nodeHttp(keptHttpRequest),
    ready(nginxRequest, "kept"),
  ];
  const closed = [
    postern("postern", ours, lighttpdRequest),
    nodeHttp(closedHttpRequest),
    ready(lighttpdRequest, "closed"),
  ];
  if (peers) {
    kept.push({ ...nodeFastcgi(nginxRequest, "kept"), bytesBehind: EMPTY_RECORD_BYTES });
    closed.push(nodeFastcgi(lighttpdRequest, "closed"));
  }
  if (compare !== undefined) {
    const other = pathToFileURL(join(compare, "dist/faces/fcgi.js")).href;
    kept.splice(1, 0, postern("postern (--compare)", other, nginxRequest));
    closed.splice(1, 0, postern("postern (--compare)", other, lighttpdRequest));
  }
  return [
    { title: "Kept connections", kept: true, baseline: "node:http", servers: kept },
    { title: "A connection for each request", kept: false, baseline: "node:http", servers: closed },
  ];
}

/** About 3 ms of one processor. */
const COMPUTING_STEPS = 500_000;

/**
 * A pool of threads beside a single process: what handing a request to a thread costs, and what it brings.
 *
 * @returns {Record<"cost" | "gain", Scenario>}
 */
export function threadScenarios() {
  const none = threads("single", 0, 0);
  const one = threads("1 thread", 1, COMPUTING_STEPS);
  return {
    cost: {
      title: "A small request in a pool of threads",
      kept: true,
      baseline: none.name,
      servers: [none, threads("2 threads", 2, 0)],
    },
    gain: {
      title: "An application that computes for each request",
      kept: true,
      baseline: one.name,
      servers: [one, threads("2 threads", 2, COMPUTING_STEPS)],
    },
  };
}

/** @param {number} steps how many steps each request computes */
function threads(name, count, steps) {
  return fastcgi(name, "backends/threads.js", [`${count}`, `${steps}`], nginxRequest);
}

function postern(name, module, request) {
  return fastcgi(name, "backends/postern.js", [module], request);
}

function ready(request, connections) {
  return fastcgi(
    "ready-made bytes",
    "backends/ready-made-bytes.js",
    [`${request.length}`, connections],
    request,
  );
}

function nodeFastcgi(request, connections) {
  return fastcgi("node-fastcgi", "backends/node-fastcgi.js", [connections], request);
}

function fastcgi(name, script, args, request) {
  return { name, script, args, protocol: "fastcgi", request, bytesBehind: 0 };
}

function nodeHttp(request) {
  return {
    name: "node:http",
    script: "backends/node-http.js",
    args: [],
    protocol: "http",
    request,
    bytesBehind: 0,
  };
}
