import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";
import type { Io } from "./command.ts";
import { Lighttpd, lighttpdVersion } from "./lighttpd.ts";
import { existingFolder, modulePath } from "./load-application.ts";
import { portProblem, type SiteAddress } from "./port.ts";
import { probeVariable } from "./probe.ts";
import { StopSignals } from "./stop-signals.ts";
import { refuseTypeScript } from "./typescript-module.ts";

/** How long lighttpd and the application may take to answer for the first time, in milliseconds. */
const startMs = 30_000;

/** The address as a browser takes it. */
export function siteUrl({ host, port }: SiteAddress): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

/**
 * Serves a module's application behind a lighttpd of its own until a signal asks to stop.
 *
 * @param staticFolder what lighttpd serves by itself, at the folder's name
 * @returns the exit status
 * @throws {GatewayError} of code `NO_SUCH_MODULE`, `ADDRESS_IN_USE`, `ADDRESS_FORBIDDEN` or `FRONT_FAILED`
 */
export async function serveBehindLighttpd(
  module: string,
  binary: string,
  address: SiteAddress,
  io: Io,
  staticFolder?: string,
): Promise<number> {
  const path = modulePath(module, io.cwd);
  refuseTypeScript(path, io.cwd);
  await refuseTakenPort(address);
  const probe = `/.postern-${randomBytes(12).toString("hex")}`;
  const signals = new StopSignals();
  const starting = new AbortController();
  const log = new FrontLog(io);
  const cli = fileURLToPath(new URL("main.js", import.meta.url));
  const front = Lighttpd.start({
    binary,
    ...address,
    staticFolder: staticFolder && existingFolder(staticFolder, io.cwd),
    application: [process.execPath, ...process.execArgv, cli, "serve", path, "--protocol", "fcgi"],
    cwd: io.cwd,
    environment: { [probeVariable]: probe },
    log: (line) => log.take(line),
  });
  signals.onSecond(() => front.kill());
  let serving = false;
  try {
    const stopped = signals.received.then(() => "stopped" as const);
    const ended = front.ended.then(() => "ended" as const);
    const started = await Promise.race([answers(address, probe, starting.signal), stopped, ended]);
    if (started === "stopped") return 0;
    if (started !== "refused") log.release();
    if (started !== "answers") throw new GatewayError("FRONT_FAILED", failures[started]);
    serving = true;
    io.out(`Serving ${module} at ${siteUrl(address)} behind ${lighttpdVersion(binary)}. Ctrl-C stops it.`);
    if ((await Promise.race([stopped, ended])) === "stopped") return 0;
    throw new GatewayError("FRONT_FAILED", "lighttpd ended by itself: what it said is above.");
  } finally {
    starting.abort();
    await front.stop(serving ? "gracefully" : "soon");
    signals.release();
  }
}

const failures = {
  ended: "lighttpd did not start: what it said is above.",
  refused: "The application did not start: what it said is above.",
  silent: `The application did not answer within ${startMs / 1000} seconds: see what it waits for while it starts.`,
};

/** Waits until the application answers through lighttpd. */
async function answers(
  address: SiteAddress,
  path: string,
  abandoned: AbortSignal,
): Promise<"answers" | "refused" | "silent"> {
  const signal = AbortSignal.any([abandoned, AbortSignal.timeout(startMs)]);
  while (!signal.aborted) {
    const status = await ask(address, path, signal);
    if (status !== undefined) return status === 204 ? "answers" : "refused";
    await sleep(25);
  }
  return "silent";
}

/** The status of one answer; undefined when there was none. */
function ask({ host, port }: SiteAddress, path: string, signal: AbortSignal): Promise<number | undefined> {
  const anywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return new Promise((resolve) => {
    const asked = request({ host: anywhere[host] ?? host, port, path, agent: false, signal }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

/** lighttpd would say it too, but not in one sentence. */
async function refuseTakenPort({ host, port }: SiteAddress): Promise<void> {
  const problem = await portProblem({ host, port });
  if (problem !== undefined) throw portError(problem, host, port);
}

function portError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE") {
    const text = `Port ${port} of ${host} is in use: stop what listens there, or choose another one with PORT.`;
    return new GatewayError("ADDRESS_IN_USE", text, { cause: error });
  }
  const text = `Port ${port} of ${host} cannot be used (${error.code}): choose another one with PORT.`;
  return new GatewayError("ADDRESS_FORBIDDEN", text, { cause: error });
}

/** Shows what lighttpd and the application print, each under its name; lighttpd's without date and source file. */
class FrontLog {
  readonly #io: Io;
  /** lighttpd's lines while the application starts: should that fail, they only repeat that it did. */
  #held: string[] | undefined = [];

  constructor(io: Io) {
    this.#io = io;
  }

  take(line: string): void {
    const [, source = "", text = ""] = lighttpdLine.exec(line) ?? [];
    if (text === "") this.#io.err(`app: ${line}`);
    else if (source.startsWith("server.c") && routine.test(text)) return;
    else if (this.#held) this.#held.push(`lighttpd: ${text}`);
    else this.#io.err(`lighttpd: ${text}`);
  }

  /** Shows lighttpd's lines from now on, and those that were held. */
  release(): void {
    for (const line of this.#held ?? []) this.#io.err(line);
    this.#held = undefined;
  }
}

const lighttpdLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: \(([\w.-]+)\) (.*)$/;
const routine = /^(server started|server stopped|graceful shutdown|\[note\])/;
