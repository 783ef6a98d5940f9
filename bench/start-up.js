// What one CGI request costs: a whole process, from its start to its end.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "./fronts.js";
import { canCount, countIn } from "./instructions.js";
import { floors } from "./start-up-floors.js";
import { spread, spreadOfCounted } from "./statistics.js";

/**
 * @typedef {import("./statistics.js").Spread} Spread
 * @typedef {object} StartUp
 * @property {string} name
 * @property {Spread} milliseconds from start to end of the process
 * @property {Spread} ratio the same divided by that of a `node -e 0` right before it
 * @property {Spread | undefined} instructions in user mode, where they are counted
 * @property {Spread | undefined} instructionRatio the same divided by those of `node -e 0` with the same random numbers
 * @property {number | undefined} modules files that were loaded, Node's own left out
 *
 * @typedef {object} Command
 * @property {string} name
 * @property {string} program
 * @property {string[]} args
 * @property {string} answer what it writes at least
 * @property {Record<string, string>} [variables]
 */

const root = fileURLToPath(new URL("../", import.meta.url));

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
  REQUEST_URI: "/cgi-bin/site.cgi/?page=2",
  QUERY_STRING: "page=2",
  SCRIPT_NAME: "/cgi-bin/site.cgi",
  PATH_INFO: "/",
  REMOTE_ADDR: "203.0.113.44",
  REMOTE_PORT: "51320",
  HTTP_HOST: "guestbook.example.org",
  HTTP_USER_AGENT: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  HTTP_ACCEPT: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  HTTP_ACCEPT_ENCODING: "gzip, deflate",
  HTTP_COOKIE: "name=Ada%20Lovelace",
  // Caches are made before the rounds and stay as they are.
  POSTERN_CODE_CACHE: "keep",
};

const OK = "Status: 200 OK\r\n";

/** Applications from their files, and what `postern bundle` makes of them. */
const applications = [
  { name: "hello", path: "examples/cgi-bin/hello.cgi" },
  { name: "guestbook", path: "examples/guestbook/app.js" },
  { name: "Express", path: "bench/backends/express-cgi.js" },
];

/**
 * @param {import("./parts.js").Bench} bench
 * @returns {StartUp[]}
 */
export function measureStartUp({ options, folder, peers }) {
  const { starts } = options;
  environment.GUESTBOOK_DATA = join(folder, "guestbook");
  // The guestbook makes the folder that the floor of its page looks into.
  const scripts = applications.flatMap((one) => variants(one, folder));
  const commands = [...floors(folder, environment, OK), ...scripts, ...php(folder)];
  const [nothing] = commands;
  // What else the machine does changes within a round, and so does what the process before has left in the processor's caches.
  const pairs = Array.from({ length: starts }, () =>
    commands.map((command) => ({ before: start(nothing), own: start(command) })),
  );
  const counter = counterOf(options, folder, peers);
  const counts = Array.from({ length: counter?.runs ?? 0 }, (_none, run) =>
    commands.map((command) => counter.count(command, run + 1)),
  );
  return commands.map((command, index) => ({
    name: command.name,
    milliseconds: spread(pairs.map((round) => round[index].own)),
    ratio: spread(pairs.map((round) => round[index].own / round[index].before)),
    instructions: spreadOfCounted(counts.map((run) => run[index])),
    instructionRatio: spreadOfCounted(counts.map((run) => run[index] / run[0])),
    modules: command.program === process.execPath ? countModules(command, folder) : undefined,
  }));
}

function variants({ name, path }, folder) {
  const script = join(folder, `${name}.cgi`);
  const args = [`${root}dist/cli/main.js`, "bundle", path, "--out", script];
  const env = { ...process.env, GUESTBOOK_DATA: environment.GUESTBOOK_DATA };
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`postern bundle ${path} failed: ${stderr}`);
  // The same script, which looks for its code cache where none is.
  const bare = join(folder, `${name}, cold.cgi`);
  writeFileSync(bare, readFileSync(script, "utf8").replace(`${name}.cgi.cache`, "nowhere"));
  const program = process.execPath;
  return [
    { name: `${name}, its files`, program, args: [root + path], answer: OK },
    { name: `${name}, bundled, no code cache`, program, args: [bare], answer: OK },
    { name: `${name}, bundled`, program, args: [script], answer: OK },
  ];
}

/** Hello in PHP, where Debian's php-cgi is installed. */
function php(folder) {
  const program = findProgram("php-cgi");
  if (program === undefined) {
    process.stdout.write("Without php-cgi, which is not installed.\n");
    return [];
  }
  const script = join(folder, "hello.php");
  writeFileSync(script, "Hello, World!\n");
  const variables = { SCRIPT_FILENAME: script, REDIRECT_STATUS: "200" };
  return [{ name: "hello in php-cgi", program, args: [], answer: "", variables }];
}

/** Milliseconds of one run. */
function start({ name, program, args, answer, variables }, more = {}, wrapper = []) {
  const [command, ...words] = [...wrapper, program, ...args];
  const before = performance.now();
  const { status, stdout } = spawnSync(command, words, {
    env: { ...environment, ...variables, ...more },
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "latin1",
  });
  const milliseconds = performance.now() - before;
  if (status !== 0 || !stdout.startsWith(answer)) {
    throw new Error(`${name} ended with status ${status} and the answer ${JSON.stringify(stdout)}`);
  }
  return milliseconds;
}

/** More tell no more. */
const PERF_RUNS = 9;

/** Each takes a hundred times as long as the script. */
const CALLGRIND_RUNS = 1;

/**
 * What counts the instructions of a start in user mode.
 *
 * @returns {{ runs: number, count(command: Command, seed: number): number | undefined } | undefined}
 */
function counterOf({ starts, valgrind }, folder, peers) {
  const file = join(folder, "instructions");
  const read = () => readFileSync(file, "utf8");
  if (valgrind) {
    const program = peers.valgrind;
    if (program === undefined) return undefined;
    const wrapper = [program, "--tool=callgrind", `--callgrind-out-file=${file}`, "--log-file=/dev/null"];
    return {
      runs: CALLGRIND_RUNS,
      count(command, seed) {
        start(seeded(command, seed), {}, wrapper);
        return Number(/^summary: (\d+)$/m.exec(read())?.[1]);
      },
    };
  }
  if (!canCount) return undefined;
  const wrapper = ["perf", "stat", "-x,", "-e", "instructions:u", "-o", file];
  return {
    runs: Math.min(starts, PERF_RUNS),
    count(command, seed) {
      start(seeded(command, seed), {}, wrapper);
      return countIn(read());
    },
  };
}

/** V8 draws other random numbers for its hashes at each start, which is more or less work by some million instructions. */
function seeded(command, seed) {
  if (command.program !== process.execPath) return command;
  return { ...command, args: [`--random-seed=${seed}`, ...command.args] };
}

/** V8's coverage of a run names each file that was loaded. */
function countModules(command, folder) {
  const coverage = join(folder, "coverage");
  mkdirSync(coverage);
  try {
    start(command, { NODE_V8_COVERAGE: coverage });
    const urls = readdirSync(coverage)
      .flatMap((file) => JSON.parse(readFileSync(join(coverage, file), "utf8")).result)
      .map(({ url }) => url)
      .filter((url) => /^(?:file:|\/)/.test(url));
    // The code of a bundle has the name of its script.
    return new Set(urls.map((url) => decodeURI(url.replace(/^file:\/\//, "")))).size;
  } finally {
    rmSync(coverage, { recursive: true });
  }
}
