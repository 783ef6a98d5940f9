// What one CGI request costs: a whole process, from its start to its end.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spread } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Spread} Spread
 * @typedef {object} StartUp
 * @property {string} name
 * @property {Spread} milliseconds from start to end of the process
 * @property {Spread} ratio the same divided by that of `node -e 0` of the same round
 * @property {number} modules files that were loaded, Node's own left out
 */

const hello = fileURLToPath(new URL("../examples/cgi-bin/hello.cgi", import.meta.url));

const commands = [
  { name: "node -e 0", args: ["-e", "0"], answer: "" },
  { name: "hello.cgi", args: [hello], answer: "Status: 200 OK\r\n" },
];

/** What lighttpd sets for a CGI script; a script gets no other variables of the server's but PATH. */
const environment = {
  PATH: process.env["PATH"],
  GATEWAY_INTERFACE: "CGI/1.1",
  SERVER_SOFTWARE: "lighttpd/1.4.69",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_NAME: "guestbook.example.org",
  SERVER_ADDR: "192.0.2.10",
  SERVER_PORT: "80",
  REQUEST_SCHEME: "http",
  REQUEST_METHOD: "GET",
  REQUEST_URI: "/cgi-bin/hello.cgi/world?page=2",
  QUERY_STRING: "page=2",
  SCRIPT_NAME: "/cgi-bin/hello.cgi",
  SCRIPT_FILENAME: hello,
  PATH_INFO: "/world",
  REMOTE_ADDR: "203.0.113.44",
  REMOTE_PORT: "51320",
  HTTP_HOST: "guestbook.example.org",
  HTTP_USER_AGENT: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  HTTP_ACCEPT: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  HTTP_ACCEPT_ENCODING: "gzip, deflate",
  HTTP_COOKIE: "name=Ada%20Lovelace",
};

/**
 * @param {number} starts how often each command is started, in turn
 * @returns {StartUp[]}
 */
export function measureStartUp(starts) {
  for (const command of commands) start(command);
  const rounds = Array.from({ length: starts }, () => commands.map(start));
  return commands.map((command, index) => ({
    name: command.name,
    milliseconds: spread(rounds.map((round) => round[index])),
    ratio: spread(rounds.map((round) => round[index] / round[0])),
    modules: countModules(command),
  }));
}

/** Milliseconds of one run. */
function start({ name, args, answer }, variables = {}) {
  const before = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, {
    env: { ...environment, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "latin1",
  });
  const milliseconds = performance.now() - before;
  if (status !== 0 || !stdout.startsWith(answer)) {
    throw new Error(`${name} ended with status ${status} and the answer ${JSON.stringify(stdout)}`);
  }
  return milliseconds;
}

/** V8's coverage of a run names each file that was loaded. */
function countModules(command) {
  const folder = mkdtempSync("/tmp/postern-bench-");
  try {
    start(command, { NODE_V8_COVERAGE: folder });
    return readdirSync(folder)
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).result)
      .filter(({ url }) => url.startsWith("file:")).length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
