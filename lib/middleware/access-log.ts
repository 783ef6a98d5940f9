// One line for each request, when its response is over.

import type { Writable } from "node:stream";
import { GatewayError } from "../errors.ts";
import { lineWriterOf } from "../gateway/log-file.ts";
import { checkOptions } from "../gateway/option-names.ts";
import type { Environ, Middleware } from "../gateway/types.ts";
import type { AccessEntry } from "./access-log/entry.ts";
import { COMBINED, COMMON, compileFormat, type LineFormat } from "./access-log/format.ts";
import { jsonLine } from "./access-log/json.ts";
import { LoggedRequest } from "./access-log/logged-request.ts";
import { watchResponse } from "./response-filter.ts";

export type { AccessEntry };

export interface AccessLogOptions {
  /**
   * `"combined"` and `"common"` are Apache's, `"json"` is an object on each line, with times in milliseconds. Any other
   * text is a format of Apache's directives: `%% %a %b %B %D %h %H %l %m %p %P %q %r %s %t %T %u %U %v %V %X`, `%^FB` (to
   * the first byte, in microseconds), `%{Name}i` and `%{Name}o` (headers of request and response), `%{NAME}e` (of the
   * environ), `%{ms}T` (also `s`, `us`), `%{format}t` (strftime, `sec`, `msec`, `usec`, `msec_frac`, `usec_frac`, each with
   * `end:` in front for the end), and conditions such as `%!200{Referer}i`. A function writes the line itself, and has
   * to escape what a client sent.
   *
   * @defaultValue `"combined"`
   */
  format?: "combined" | "common" | "json" | (string & {}) | ((entry: AccessEntry) => string) | undefined;

  /**
   * Where the lines go: a file's path (appended to, opened anew on USR1 as the `logFile` is; several processes may share
   * it), a `Writable`, or a function that takes a line without its line break and does not throw. Nothing waits for a
   * `Writable`: one that is slow is written to all the same, and what it has not taken is in memory.
   *
   * @defaultValue `wsgi.errors`, which reaches the web server's log where the protocol allows it
   */
  to?: string | Writable | ((line: string) => void) | undefined;

  /**
   * Requests that are not logged, by what the application made of the environ and by the status.
   *
   * @defaultValue none
   */
  skip?: ((environ: Environ, status: number) => boolean) | undefined;
}

/**
 * Logs every request that reaches it once, when the body has ended, failed or was left. Put it outside of all others, so
 * that it sees what the client gets.
 *
 * What a client sent cannot begin a line: control characters, quotes and all that is not ASCII are escaped as Apache does.
 * The status is 499 where the client had gone before there was anything to answer (nginx's), and what the server answers
 * where the application failed before that; a response that was begun keeps its status, and `%X` is `X` if it was cut.
 * Bytes are those that the application gave: what of them has reached the client is known to the web server alone.
 * An application that does not end by itself, nor when `postern.signal` is aborted, is logged by nobody.
 *
 * @example
 * app.run(import.meta, { middleware: [accessLog({ to: "/var/log/app/access.log" })] });
 *
 * @throws {GatewayError} `OPTION` when the format has a directive that is not known, `LOG_FILE` when the file cannot be
 *   opened
 */
export function accessLog(options: AccessLogOptions = {}): Middleware {
  checkOptions("accessLog()", options, { format: true, to: true, skip: true });
  const lineOf = formatOf(options.format);
  const put = writerOf(options.to);
  const { skip } = options;
  if (skip !== undefined && typeof skip !== "function")
    throw new GatewayError("OPTION", 'option "skip" is a function of environ and status');
  return (application) => (environ, startResponse) => {
    const request = new LoggedRequest(environ);
    return watchResponse(application, environ, startResponse, (outcome) => {
      const entry = request.end(outcome);
      if (skip?.(environ, entry.status) !== true) put(lineOf(entry), environ);
    });
  };
}

function formatOf(format: AccessLogOptions["format"] = "combined"): LineFormat {
  if (typeof format === "function") return format;
  if (typeof format !== "string")
    throw new GatewayError(
      "OPTION",
      'option "format" is "combined", "common", "json", a text of directives, or a function',
    );
  if (format === "json") return jsonLine;
  if (format === "common") return compileFormat(COMMON);
  return compileFormat(format === "combined" ? COMBINED : format);
}

function writerOf(to: AccessLogOptions["to"]): (line: string, environ: Environ) => void {
  if (to === undefined) return (line, environ) => environ["wsgi.errors"].write(`${line}\n`);
  if (typeof to === "string") return lineWriterOf(to);
  if (typeof to === "function") return (line) => to(line);
  if (typeof to?.write === "function") return (line) => to.write(`${line}\n`);
  throw new GatewayError("OPTION", 'option "to" of the access log is no path, no Writable and no function');
}
