// The file that tells scripts and logrotate which process to signal.

import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { dirname, resolve } from "node:path";
import { GatewayError } from "../errors.ts";

const MODE = 0o644;

/** How far the clocks that the age of a file and of a process are read from may be apart, in milliseconds. */
const SLACK_MS = 2_000;

/** A tick of /proc, in milliseconds: USER_HZ is 100 wherever Node runs on Linux. */
const TICK_MS = 10;

/**
 * Another server's file is respected, as gunicorn, unicorn and twistd do: two servers of one file would be stopped and
 * reloaded in each other's place. nginx and PHP-FPM overwrite it.
 */
export class PidFile {
  readonly #path: string;

  /**
   * Makes sure that the file can be written and that no server that runs holds it. Nothing is written yet.
   *
   * @throws {GatewayError} `PID_FILE`
   */
  constructor(path: string) {
    this.#path = resolve(path);
    try {
      accessSync(dirname(this.#path), constants.W_OK | constants.X_OK);
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
    const pid = this.#holder();
    if (pid === undefined || pid === process.pid) return;
    if (!isRunning(pid) || startedBehind(pid, statSync(this.#path).mtimeMs)) return;
    throw new GatewayError(
      "PID_FILE",
      `process ${pid} runs and holds the pid file ${this.#path}; stop it, or choose another path`,
    );
  }

  /**
   * Writes this process's number, in one step for those who read it.
   *
   * @throws {GatewayError} `PID_FILE`
   */
  write(): void {
    const spare = `${this.#path}.${process.pid}`;
    try {
      rmSync(spare, { force: true });
      writeFileSync(spare, `${process.pid}\n`, { flag: "wx", mode: MODE });
      renameSync(spare, this.#path);
    } catch (cause) {
      rmSync(spare, { force: true });
      throw unwritable(this.#path, cause);
    }
  }

  /** Removes the file if it is still this process's own. One that stays is found to be stale at the next start. */
  remove(): void {
    try {
      if (this.#holder() === process.pid) rmSync(this.#path);
    } catch {}
  }

  /**
   * The process that the file names; undefined where there is none.
   *
   * @throws {GatewayError} `PID_FILE` when it is something else, which is not ours to replace
   */
  #holder(): number | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "latin1").trim();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw unwritable(this.#path, cause);
    }
    if (text === "") return undefined;
    if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
    throw new GatewayError(
      "PID_FILE",
      `${this.#path} exists and is no pid file; remove it or choose another path`,
    );
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Such a process did not write the file: since a reboot, or in a new container, it has the number by chance. */
function startedBehind(pid: number, writtenMs: number): boolean {
  let fields: string[];
  try {
    // proc_pid_stat(5): the name in front, in parentheses, may hold anything; behind it starttime is the 20th field.
    fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\)\s*/s, "")
      .split(" ");
  } catch {
    return false;
  }
  const bootedMs = Date.now() - uptime() * 1_000;
  return bootedMs + Number(fields[19]) * TICK_MS > writtenMs + SLACK_MS;
}

function unwritable(path: string, cause: unknown): GatewayError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GatewayError(
    "PID_FILE",
    `the pid file ${path} cannot be written (${reason}); choose another path, or let this user write there`,
    { cause },
  );
}
