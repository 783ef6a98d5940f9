// A lighttpd of our own in front of an application: started, watched, and gone without a trace when it stops.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { GatewayError } from "../errors.ts";
import { lighttpdConfig } from "./lighttpd-config.ts";

/** Folders of programs that an ordinary user's PATH leaves out. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/sbin"];

/** How long a stop waits, in milliseconds, before it ends what is left at once. */
const stopMs = 8000;

/**
 * Where lighttpd is, or undefined where it is not installed. `POSTERN_LIGHTTPD` names another one, or is `none`.
 */
export function findLighttpd(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment["POSTERN_LIGHTTPD"];
  if (named === "none") return undefined;
  if (named) return named;
  return findProgram("lighttpd", environment);
}

export function findProgram(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const folders = [...(environment["PATH"] ?? "").split(delimiter), ...systemFolders];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Such as `lighttpd/1.4.69`. */
export function lighttpdVersion(binary: string): string {
  const text = execFileSync(binary, ["-v"], { encoding: "utf8" });
  return /^\S+/.exec(text)?.[0] ?? "lighttpd";
}

export interface LighttpdOptions {
  readonly binary: string;
  readonly host: string;
  readonly port: number;
  /** A folder that lighttpd serves by itself, at the folder's name. */
  readonly staticFolder?: string | undefined;
  /** The program that serves FastCGI on descriptor 0, and its arguments. */
  readonly application: readonly string[];
  /** The application's working directory: lighttpd would choose another. */
  readonly cwd: string;
  /** Variables for the application, besides this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes what lighttpd and the application print, line by line. */
  readonly log: (line: string) => void;
}

/** A running lighttpd. */
export class Lighttpd {
  /** Settles when lighttpd and every process it started have gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    // Its pipes close when the last process that holds them has gone: the application's processes do too.
    this.ended = once(child, "close").then(this.#remove, this.#remove);
    process.once("exit", this.#abandon);
  }

  /**
   * Writes the configuration, has lighttpd test it, and starts lighttpd.
   *
   * @throws {GatewayError} of code `FRONT_FAILED` with lighttpd's own words
   */
  static start(options: LighttpdOptions): Lighttpd {
    const folder = temporaryFolder();
    try {
      const config = writeFolder(folder, options);
      const test = spawnSync(options.binary, ["-tt", "-f", config], { encoding: "utf8" });
      if (test.status !== 0) {
        const words = test.error?.message ?? `${test.stdout}${test.stderr}`.trim();
        throw new GatewayError("FRONT_FAILED", `${options.binary} refuses its configuration: ${words}`);
      }
      const [program = "", ...args] = [...dieWithParent(), options.binary, "-D", "-f", config];
      // A process group of its own: Ctrl-C in a terminal reaches us alone, and we stop it in order.
      const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [child.stdout, child.stderr]) {
        if (stream) createInterface({ input: stream }).on("line", options.log);
      }
      return new Lighttpd(child, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Stops lighttpd, which then sends TERM to the application, and ends whatever is left after some seconds.
   *
   * @param how `gracefully` lets requests in progress finish, `soon` does not
   */
  async stop(how: "gracefully" | "soon"): Promise<void> {
    this.#signal(how === "soon" ? "SIGTERM" : "SIGINT", "lighttpd");
    const timer = setTimeout(() => this.kill(), stopMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends lighttpd and the application at once. */
  kill(): void {
    this.#signal("SIGKILL", "all");
  }

  #signal(signal: NodeJS.Signals, whom: "lighttpd" | "all"): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(whom === "all" ? -pid : pid, signal);
    } catch {
      // Gone already.
    }
  }

  readonly #remove = (): void => {
    process.off("exit", this.#abandon);
    rmSync(this.#folder, { recursive: true, force: true });
  };

  /** This process ends before lighttpd has: because of an error, or because it was told to stop at once. */
  readonly #abandon = (): void => {
    this.kill();
    this.#remove();
  };
}

/** A folder whose sockets' names fit into a socket address, and that needs no quotes where there are none. */
function temporaryFolder(): string {
  const usual = tmpdir();
  return mkdtempSync(join(/^[\w./-]{1,60}$/.test(usual) ? usual : "/tmp", "postern-"));
}

/** Returns the configuration's path. */
function writeFolder(folder: string, options: LighttpdOptions): string {
  mkdirSync(join(folder, "empty"));
  const script = join(folder, "application");
  const variables = Object.entries(options.environment).map(
    ([name, value]) => `export ${name}=${quoted(value)}`,
  );
  const command = [...dieWithParent(), ...options.application].map(quoted).join(" ");
  // lighttpd would drop what the application prints to its standard output.
  const lines = [`cd ${quoted(options.cwd)}`, ...variables, `exec ${command} >&2`];
  writeFileSync(script, `${lines.join("\n")}\n`);
  const config = join(folder, "lighttpd.conf");
  const { host, port, staticFolder } = options;
  const application = `/bin/sh ${script}`;
  writeFileSync(config, lighttpdConfig({ host, port, folder, application, staticFolder }));
  return config;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

let prefix: readonly string[] | undefined;

/**
 * What to put before a command so that it gets TERM when the process that started it dies, even of KILL; nothing
 * where the system cannot do that.
 */
function dieWithParent(): readonly string[] {
  const wanted = ["setpriv", "--pdeathsig", "TERM"];
  prefix ??= spawnSync("setpriv", ["--pdeathsig", "TERM", "true"]).status === 0 ? wanted : [];
  return prefix;
}
