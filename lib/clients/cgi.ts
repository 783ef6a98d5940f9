// A folder of CGI scripts as an application: a process for each request (RFC 3875).

import { realpathSync } from "node:fs";
import { dirname, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../errors.ts";
import { durationOf } from "../gateway/duration.ts";
import { type FileInPath, findInPath } from "../gateway/file-in-path.ts";
import { printable } from "../gateway/log.ts";
import { checkOptions } from "../gateway/option-names.ts";
import { answerPlainly } from "../gateway/plain-answer.ts";
import type { Application, Body, Environ, StartResponse } from "../gateway/types.ts";
import { ScriptProcess } from "./cgi/script-process.ts";
import { ScriptResponse } from "./cgi/script-response.ts";
import { scriptVariables } from "./cgi/variables.ts";

export interface CgiBinOptions {
  /**
   * Where the scripts are. Whatever file in it is executable, or has an interpreter, can be run by everybody who can send
   * a request: let nothing else lie there, and nobody write there.
   */
  folder: string | URL;

  /**
   * Programs that run scripts, by the ends of their names: `{ ".pl": "perl", ".php": "php-cgi" }`, or with arguments,
   * `["python3", "-I"]`. The script's path is the last argument.
   *
   * @defaultValue none: a script is executable, and its first line names its interpreter
   */
  interpreters?: Readonly<Record<string, string | readonly [program: string, ...args: string[]]>> | undefined;

  /** Variables that scripts get beside those of the request. @defaultValue none; `PATH` is this process's */
  environ?: Readonly<Record<string, string>> | undefined;

  /**
   * How long a script may be silent, in milliseconds; 0 is no limit. Before its head it is answered 504, later the response
   * is cut, and the script is ended in both cases. A script of whose response nobody wants more, as behind the head for HEAD,
   * may go on for as long in all.
   *
   * @defaultValue `60_000`, Apache's `Timeout`
   */
  timeoutMs?: number | undefined;

  /**
   * Scripts that run at once; one more is answered 503. Each is a process, with the memory of one.
   *
   * @defaultValue `32`
   */
  maxProcesses?: number | undefined;

  /** The longest head of a response, in bytes; a longer one is answered 502. @defaultValue `65_536` */
  maxHeadBytes?: number | undefined;
}

/** Seconds after which a client may ask again. */
const RETRY_AFTER = "1";

/**
 * Runs scripts by `PATH_INFO`: of `/folder/script.cgi/rest` the file `folder/script.cgi`, with `/rest` for itself. It runs in
 * its own folder, request and response stream, and what it writes to standard error goes to `wsgi.errors`. When the client
 * goes away, it gets TERM, and KILL three seconds later.
 *
 * 404: no such file; names that begin with a dot and links that lead out of the folder are none. 403: neither executable nor
 * with an interpreter. 502: it could not be started, ended without a head, or sent a bad one. A script that a signal ends in
 * the middle of its body cuts the response.
 *
 * `Authorization` is not passed on (RFC 3875 §9.2), nor is a query as arguments (§4.4). A body of unknown length ends
 * with the input, without `CONTENT_LENGTH`. A `Location` with a path is sent to the client as a redirect.
 *
 * @example
 * const scripts = cgiBin({ folder: "/usr/lib/cgi-bin" });
 *
 * @throws {GatewayError} `OPTION` when there is no such folder, or an option makes no sense
 */
export function cgiBin(options: CgiBinOptions): Application {
  checkOptions("cgiBin()", options, {
    folder: true,
    interpreters: true,
    environ: true,
    timeoutMs: true,
    maxProcesses: true,
    maxHeadBytes: true,
  });
  const folder = folderOf(options);
  const { interpreters = {}, environ: more = {} } = options;
  checkInterpreters(interpreters);
  const timeoutMs = durationOf("timeoutMs", options.timeoutMs ?? 60_000);
  const maxProcesses = limitOf("maxProcesses", options.maxProcesses ?? 32);
  const maxHeadBytes = limitOf("maxHeadBytes", options.maxHeadBytes ?? 65_536);
  let running = 0;

  const run = (script: FileInPath, command: Command, environ: Environ, startResponse: StartResponse) => {
    const signal = environ["postern.signal"];
    signal.throwIfAborted();
    const name = printable(environ.SCRIPT_NAME + script.name);
    let started: ScriptProcess;
    try {
      started = new ScriptProcess({
        command,
        cwd: dirname(script.file),
        variables: scriptVariables(environ, script, more),
        input: environ["wsgi.input"],
        onErrors: (text) => environ["wsgi.errors"].write(text),
        onEnd: () => running--,
      });
    } catch (error) {
      environ["wsgi.errors"].write(`the script ${name} could not be started: ${messageOf(error)}\n`);
      return answerPlainly(startResponse, "502 Bad Gateway");
    }
    running++;
    const kill = (): void => started.kill();
    signal.addEventListener("abort", kill, { once: true });
    void started.closed.then(() => signal.removeEventListener("abort", kill));
    return new ScriptResponse(name, started, environ, { timeoutMs, maxHeadBytes }).start(startResponse);
  };

  return async (environ, startResponse): Promise<Body> => {
    const script = await findInPath(folder, environ.PATH_INFO);
    if (script === undefined) return answerPlainly(startResponse, "404 Not Found");
    const command = commandOf(script, interpreters);
    if (command === undefined) return answerPlainly(startResponse, "403 Forbidden");
    if (running >= maxProcesses)
      return answerPlainly(startResponse, "503 Service Unavailable", [["Retry-After", RETRY_AFTER]]);
    return run(script, command, environ, startResponse);
  };
}

type Command = readonly [program: string, ...args: string[]];

function commandOf(
  { file, isExecutable }: FileInPath,
  interpreters: NonNullable<CgiBinOptions["interpreters"]>,
): Command | undefined {
  const extension = extname(file);
  if (Object.hasOwn(interpreters, extension)) {
    const [program = "", ...args] = [interpreters[extension] ?? []].flat();
    return [program, ...args, file];
  }
  return isExecutable ? [file] : undefined;
}

/** @throws {GatewayError} `OPTION` when one of them names no program */
function checkInterpreters(interpreters: NonNullable<CgiBinOptions["interpreters"]>): void {
  for (const [extension, words] of Object.entries<unknown>(interpreters)) {
    const [program, ...args] = [words].flat();
    if (typeof program === "string" && program !== "" && args.every((arg) => typeof arg === "string"))
      continue;
    throw new GatewayError(
      "OPTION",
      `option "interpreters" has no program for ${extension}; give its name, or an array of it and its arguments`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function folderOf({ folder }: CgiBinOptions): string {
  try {
    return realpathSync(folder instanceof URL ? fileURLToPath(folder) : folder);
  } catch (cause) {
    throw new GatewayError("OPTION", `there is no folder ${String(folder)} with scripts`, { cause });
  }
}

function limitOf(name: string, limit: number): number {
  if (typeof limit === "number" && limit >= 1) return limit;
  throw new GatewayError("OPTION", `option "${name}" is ${limit}; give a number from 1 on, or Infinity`);
}
