import { GatewayError } from "./errors.ts";
import { checkOptions } from "./gateway/option-names.ts";
import { checkMount, checkRepairs } from "./gateway/repair.ts";
import type { ServeOptions } from "./serve.ts";
import { count } from "./workers/limits.ts";

/** listen(2) takes an `int`; Linux cuts it at net.core.somaxconn. */
const MOST_BACKLOG = 0x7fffffff;

/** @throws {GatewayError} `OPTION` when the value of an option is of another kind than it takes */
type Check = (name: string, value: never) => void;

/** What is looked at where it is used: it needs to know more than the kind. */
const elsewhere: Check = () => {};

/** Of a variable of the environment, "0" and "false" would be true. */
const flag = kind("true or false", (value) => typeof value === "boolean");
const path = kind("a path, as a text", isText);
const texts = kind("a list of texts", (value) => Array.isArray(value) && value.every(isText));

/** All that some server takes: what is meant for one of several servers need not be taken away for the others. */
const OPTIONS: Readonly<Record<keyof ServeOptions, Check>> = {
  ajpAttributes: texts,
  allowedServers: elsewhere,
  backlog: (name, value: number) => void count(name, value, 1, MOST_BACKLOG),
  bindAddress: elsewhere,
  copyErrors: flag,
  debug: flag,
  environ: kind('an object of texts, such as { REMOTE_USER: "" }', isVariables),
  idleTimeoutMs: elsewhere,
  loader: elsewhere,
  log: kind("a function of a level and a line", (value) => typeof value === "function"),
  logFile: path,
  maxBodyBytes: elsewhere,
  maxChildren: elsewhere,
  maxConcurrent: elsewhere,
  maxIdleMs: elsewhere,
  maxMemoryBytes: elsewhere,
  maxMultiplexed: elsewhere,
  maxPacketBytes: elsewhere,
  maxParamsBytes: elsewhere,
  maxRequests: elsewhere,
  maxSpare: elsewhere,
  maxThreads: elsewhere,
  middleware: elsewhere,
  minSpare: elsewhere,
  multiplexed: flag,
  multiprocess: flag,
  name: kind("a text", isText),
  pidFile: path,
  protocol: elsewhere,
  repair: (_name, value: boolean | readonly never[]) => checkRepairs(value),
  requestTimeoutMs: elsewhere,
  restartFile: path,
  roles: elsewhere,
  scriptName: (_name, value: string) => checkMount(value),
  secret: elsewhere,
  shutdownGraceMs: elsewhere,
  signals: flag,
  socketGroup: elsewhere,
  socketMode: elsewhere,
  title: flag,
  umask: elsewhere,
  workers: elsewhere,
};

const PLACE = 'bindAddress, such as 9000, "127.0.0.1:9000" or "/run/app.sock"';

/** What other servers call them. */
const WORDS: Readonly<Record<string, string>> = {
  address: PLACE,
  bind: PLACE,
  host: PLACE,
  hostname: PLACE,
  listen: PLACE,
  path: PLACE,
  port: PLACE,
  socket: PLACE,
  socketPath: PLACE,
  unix: PLACE,
  group: "socketGroup",
  mode: "socketMode",
  children: 'maxChildren, with workers: "prefork"',
  processes: 'maxChildren, with workers: "prefork"',
  threads: 'maxThreads, with workers: "threads"',
  logger: "log",
  prefix: "scriptName",
  timeout: "requestTimeoutMs or idleTimeoutMs",
};

/**
 * @throws {GatewayError} `UNKNOWN_OPTION` when no server has an option of that name; `OPTION` when they are no object, or the
 *   value of one is of another kind than it takes
 */
export function checkServeOptions(options: ServeOptions): void {
  refuseAddress(options);
  checkOptions("a server", options, OPTIONS, WORDS);
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) OPTIONS[name as keyof ServeOptions](name, value as never);
}

/** As `listen(9000)` of other servers has it. */
function refuseAddress(options: unknown): void {
  if (typeof options !== "number" && typeof options !== "string") return;
  throw new GatewayError(
    "OPTION",
    `the options of a server are an object, and this is ${options}; give { bindAddress: ${JSON.stringify(options)} }`,
  );
}

function kind(give: string, fits: (value: unknown) => boolean): Check {
  return (name, value: unknown) => {
    if (fits(value)) return;
    throw new GatewayError("OPTION", `option "${name}" is ${shown(value)}; give ${give}`);
  };
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "another object" : String(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isVariables(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === "string");
}
