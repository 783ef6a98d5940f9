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
 * The worker models beside each other: what handing a request to a thread or a connection to a process costs, and what two
 * of them bring.
 *
 * @returns {Record<"kept" | "closed" | "computing", Scenario>}
 */
export function workerScenarios() {
  const single = { name: "single", model: "single" };
  const threads = { name: "2 threads", model: "threads" };
  const processes = { name: "2 processes", model: "prefork" };
  const cluster = { name: "2 processes, round robin", model: "round-robin" };
  return {
    kept: {
      title: "A small request on a kept connection",
      kept: true,
      baseline: single.name,
      servers: [single, threads, processes, cluster].map((one) => worker(one, 0, nginxRequest)),
    },
    closed: {
      title: "A connection for each small request",
      kept: false,
      baseline: single.name,
      servers: [single, threads, processes, cluster].map((one) => worker(one, 0, lighttpdRequest)),
    },
    computing: {
      title: "An application that computes for each request",
      kept: false,
      baseline: single.name,
      servers: [single, threads, processes].map((one) => worker(one, COMPUTING_STEPS, lighttpdRequest)),
    },
  };
}

/**
 * An application of a framework on our server beside the same one on Node's own.
 *
 * @returns {Scenario[]}
 */
export function frameworkScenarios() {
  return [
    {
      title: "Express",
      kept: true,
      baseline: "Express on node:http",
      servers: [
        fastcgi("Express over FastCGI", "backends/express.js", ["fastcgi"], nginxRequest),
        http("Express on node:http", "backends/express.js", ["http"], keptHttpRequest),
      ],
    },
    {
      title: "Hono",
      kept: true,
      baseline: "Hono on @hono/node-server",
      servers: [
        fastcgi("Hono over FastCGI", "backends/hono.js", ["fastcgi"], nginxRequest),
        http("Hono on @hono/node-server", "backends/hono.js", ["http"], keptHttpRequest),
      ],
    },
  ];
}

/** @param {number} steps how many steps each request computes */
function worker({ name, model }, steps, request) {
  return fastcgi(name, "backends/workers.js", [model, `${steps}`], request);
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
  return http("node:http", "backends/node-http.js", [], request);
}

function http(name, script, args, request) {
  return { name, script, args, protocol: "http", request, bytesBehind: 0 };
}
