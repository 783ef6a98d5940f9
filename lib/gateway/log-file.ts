// Log files: opened to append, so that several processes can share one, and opened anew when logrotate has moved them away.

import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { GatewayError } from "../errors.ts";
import { isWanted, type Log, logToStderr, writeToStderr } from "./log.ts";

/** Owner and group: what applications log is not for everybody. */
const MODE = 0o640;

export interface LogOptions {
  readonly log?: Log;
  readonly logFile?: string;
}

/** Where the lines of a server go, and what its applications write where no web server takes it. */
export interface Logs {
  readonly log: Log;
  readonly writeErrors: (bytes: Buffer) => void;
}

const files = new Map<string, LogFile>();

/**
 * A log file that is opened once in a process, however many servers write to it, and stays open until the process ends:
 * what an application leaves behind may still have something to say.
 *
 * @throws {GatewayError} `LOG_FILE` when it cannot be opened
 */
export function logsOf({ log, logFile }: LogOptions): Logs {
  if (logFile === undefined) return { log: log ?? logToStderr, writeErrors: writeToStderr };
  const file = fileAt(logFile);
  return { log: log ?? file.log, writeErrors: file.writeErrors };
}

/**
 * Appends lines to a log file as they are, for whoever has a format of its own: what is given in one turn of the event loop
 * is written in one piece at its end. The file is opened once in a process, and anew with all others.
 *
 * @throws {GatewayError} `LOG_FILE` when it cannot be opened
 */
export function lineWriterOf(path: string): (line: string) => void {
  const file = fileAt(path);
  if (!flushesAtExit) process.once("exit", flushLogFiles);
  flushesAtExit = true;
  return (line) => file.writeLine(line);
}

let flushesAtExit = false;

/** A process that is ended before its next turn has written its lines all the same. */
function flushLogFiles(): void {
  for (const file of files.values()) file.flush();
}

function fileAt(relative: string): LogFile {
  const path = resolve(relative);
  const file = files.get(path) ?? new LogFile(path);
  files.set(path, file);
  return file;
}

/** Opens all log files of this process anew. One that cannot be opened is written to where it is now. */
export function reopenLogFiles(): void {
  for (const file of files.values()) file.reopen();
}

/**
 * Each line begins with the time, the process, and who says it: a level of the server's own lines, or `app` for what an
 * application wrote to `wsgi.errors`. What is written in one piece stays in one piece.
 */
class LogFile implements Logs {
  readonly #path: string;
  #descriptor: number;
  /** Lines of this turn of the event loop. */
  #lines = "";

  constructor(path: string) {
    this.#path = path;
    try {
      this.#descriptor = openSync(path, "a", MODE);
    } catch (cause) {
      throw new GatewayError(
        "LOG_FILE",
        `the log file ${path} cannot be written (${messageOf(cause)}); choose another path, or let this user write there`,
        { cause },
      );
    }
  }

  readonly log: Log = (level, line) => {
    if (isWanted(level)) this.#append(level, line, "utf8");
  };

  // Latin-1 keeps bytes as they are: an application's need not be UTF-8.
  readonly writeErrors = (bytes: Buffer): void => {
    if (bytes.length > 0) this.#append("app", bytes.toString("latin1"), "latin1");
  };

  writeLine(line: string): void {
    if (this.#lines === "") setImmediate(this.flush);
    this.#lines += `${line}\n`;
  }

  reopen(): void {
    this.flush();
    const before = this.#descriptor;
    try {
      this.#descriptor = openSync(this.#path, "a", MODE);
    } catch (error) {
      this.log(
        "error",
        `the log file cannot be opened anew, and goes on in its old place: ${messageOf(error)}`,
      );
      return;
    }
    try {
      closeSync(before);
    } catch {
      // Some file systems tell only here that something could not be written.
    }
  }

  #append(who: string, text: string, encoding: "utf8" | "latin1"): void {
    const begin = `${new Date().toISOString()} [${process.pid}] ${who}: `;
    const lines = text.replace(/\n$/, "").split("\n");
    this.#write(Buffer.from(lines.map((line) => `${begin}${line}\n`).join(""), encoding));
  }

  readonly flush = (): void => {
    const lines = this.#lines;
    this.#lines = "";
    if (lines !== "") this.#write(Buffer.from(lines));
  };

  #write(bytes: Buffer): void {
    let rest = bytes;
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest));
    } catch {
      // A full disk: what it does not take is not lost where somebody watches standard error.
      writeToStderr(rest);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
