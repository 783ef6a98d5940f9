// The parts of the bench, in the order of docs/performance.md. Each is a file of parts/, loaded when it is run.

/**
 * @typedef {object} Bench what a part is given
 * @property {import("./options.js").Options} options
 * @property {string} folder for sockets and files, removed at the end
 * @property {import("./peers.js").Peers} peers
 *
 * @typedef {object} Part
 * @property {(bench: Bench, report: import("./report.js").Report) => Promise<void>} run measures, and says what it found
 */

const parts = {
  kept: "FastCGI on kept connections, beside every other server that is there",
  closed: "FastCGI with a connection for each request",
  lighttpd: "a connection for each request behind a real lighttpd",
  protocols: "SCGI, uwsgi and AJP, each on the connections that web servers use",
  workers: "the worker models beside each other",
  streaming: "large bodies through nginx and lighttpd: time, CPU time and memory",
  memory: "idle connections, and a million requests",
  framework: "the framework: its map of URLs, and a page of cookie, query and template",
  frameworks: "Express and Hono through the bridges",
  fetch: "Hono through the bridge beside srvx, with headers and a body",
  router: "the framework's router beside find-my-way",
  "start-up": "CGI scripts, whole processes",
};

export const partNames = Object.keys(parts);

export const partsUsage = Object.entries(parts)
  .map(([name, about]) => `  ${name.padEnd(15)}${about}\n`)
  .join("");

/**
 * @param {string} name
 * @returns {Promise<Part>}
 */
export async function loadPart(name) {
  return import(new URL(`parts/${name}.js`, import.meta.url).href);
}
