import { checkOptions } from "./gateway/option-names.ts";
import type { ServeOptions } from "./serve.ts";

/** All that some server takes: what is meant for one of several servers need not be taken away for the others. */
const NAMES: Readonly<Record<keyof ServeOptions, true>> = {
  ajpAttributes: true,
  allowedServers: true,
  backlog: true,
  bindAddress: true,
  copyErrors: true,
  debug: true,
  environ: true,
  idleTimeoutMs: true,
  loader: true,
  log: true,
  logFile: true,
  maxBodyBytes: true,
  maxChildren: true,
  maxConcurrent: true,
  maxIdleMs: true,
  maxMemoryBytes: true,
  maxMultiplexed: true,
  maxPacketBytes: true,
  maxParamsBytes: true,
  maxRequests: true,
  maxSpare: true,
  maxThreads: true,
  middleware: true,
  minSpare: true,
  multiplexed: true,
  multiprocess: true,
  name: true,
  pidFile: true,
  protocol: true,
  repair: true,
  requestTimeoutMs: true,
  restartFile: true,
  roles: true,
  scriptName: true,
  secret: true,
  shutdownGraceMs: true,
  signals: true,
  socketGroup: true,
  socketMode: true,
  title: true,
  umask: true,
  workers: true,
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

/** @throws {GatewayError} `UNKNOWN_OPTION` when no server has an option of that name; `OPTION` when they are no object */
export function checkServeOptions(options: ServeOptions): void {
  checkOptions("a server", options, NAMES, WORDS);
}
