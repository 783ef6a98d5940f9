// The servers that are measured, each as a part needs it.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  ajpRequest,
  closedHttpRequest,
  keptHttpRequest,
  lighttpdRequest,
  nginxRequest,
  scgiRequest,
  uwsgiRequest,
} from "./request-bytes.js";

/** @typedef {import("./side-by-side.js").Definition} Definition */

/** A gateway application on our server of a protocol. @returns {Definition} */
export function postern(protocol, request, name = "postern") {
  return { name, script: "backends/postern.js", args: [faces[protocol]], protocol, request };
}

const faces = {
  fastcgi: import.meta.resolve("postern/server/fcgi"),
  scgi: import.meta.resolve("postern/server/scgi"),
  uwsgi: import.meta.resolve("postern/server/uwsgi"),
  ajp: import.meta.resolve("postern/server/ajp"),
};

/** The same of another checkout. @returns {Definition[]} none where no other is asked for */
export function otherPostern({ compare }, request) {
  if (compare === undefined) return [];
  const face = pathToFileURL(join(compare, "dist/faces/fcgi.js")).href;
  return [fastcgi("postern (--compare)", "backends/postern.js", [face], request)];
}

/** @returns {Definition} */
export function fastcgi(name, script, args, request) {
  return { name, script, args, protocol: "fastcgi", request };
}

/** @returns {Definition} */
export function http(name, script, args, request) {
  return { name, script, args, protocol: "http", request };
}

/** What Node offers itself. @param {"kept" | "closed"} connections @returns {Definition} */
export function nodeHttp(connections, name = "node:http") {
  const request = connections === "kept" ? keptHttpRequest : closedHttpRequest;
  return http(name, "backends/node-http.js", [], request);
}

/** @param {"kept" | "closed" | "destroyed"} connections @returns {Definition} */
export function readyMade(connections, name = "ready-made bytes") {
  const request = fastcgiRequest(connections);
  const args = [`${request.length}`, connections];
  return fastcgi(name, "backends/ready-made-bytes.js", args, request);
}

/**
 * The same in processes that share its handle in the plainest way, with sockets that cost what postern's cost.
 *
 * @param {"kept" | "destroyed"} connections
 * @param {number} processes
 * @returns {Definition}
 */
export function sharedReadyMade(connections, processes, name) {
  const { args, ...server } = readyMade(connections, name);
  return { ...server, args: [...args, `${processes}`], processes };
}

/** @param {"kept" | "closed"} connections @returns {Definition} */
export function plainParser(connections) {
  const request = fastcgiRequest(connections);
  return fastcgi("plain parser", "backends/plain-parser.js", [connections], request);
}

/** node-fastcgi ends its STDERR behind END_REQUEST, where a connection is kept. */
const EMPTY_RECORD_BYTES = 8;

/**
 * As published it closes each connection; to keep one it has to be mended.
 *
 * @param {"kept" | "closed"} connections
 * @returns {Definition}
 */
export function nodeFastcgi(connections, name = "node-fastcgi") {
  const request = fastcgiRequest(connections);
  const bytesBehind = connections === "kept" ? EMPTY_RECORD_BYTES : 0;
  return { ...fastcgi(name, "backends/node-fastcgi.js", [connections], request), bytesBehind };
}

/** A program that is no script of Node's. @returns {Definition} */
export function program(name, command, request) {
  return { name, command, protocol: "fastcgi", request };
}

/** @param {"kept" | "closed" | "destroyed"} connections */
export function fastcgiRequest(connections) {
  return connections === "kept" ? nginxRequest : lighttpdRequest;
}

export const requests = { scgi: scgiRequest, uwsgi: uwsgiRequest, ajp: ajpRequest };
