import { Counters } from "../gateway/counters.ts";
import { durationOf } from "../gateway/duration.ts";
import type { EnvironOptions } from "../gateway/environ.ts";
import { ErrorStream } from "../gateway/error-stream.ts";
import type { Log } from "../gateway/log.ts";
import { logsOf } from "../gateway/log-file.ts";
import { checkMount, checkRepairs } from "../gateway/repair.ts";
import type { RespondOptions } from "../gateway/respond.ts";
import type { Application } from "../gateway/types.ts";
import { limitOf } from "./limit.ts";
import type { ServerOptions } from "./options.ts";

/** What all requests of one server share, whatever its protocol: its options with their defaults, and its counts. */
export interface ServerContext {
  readonly application: Application;
  readonly log: Log;
  /** Takes what applications write to `wsgi.errors` and no web server takes. */
  readonly writeErrors: (bytes: Buffer) => void;
  /** The same as a stream: `wsgi.errors` of protocols that have no way to the web server's log. */
  readonly errors: ErrorStream;
  readonly counters: Counters;
  /** Counts a connection or request that is refused, and writes the reason to the log. */
  readonly refused: (reason: string) => void;
  /** The server is stopping: a connection closes after its request in progress. */
  draining: boolean;
  readonly maxParamsBytes: number;
  readonly maxBodyBytes: number;
  readonly maxConcurrent: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** How a request without a time limit of its own is run. */
  readonly respondOptions: RespondOptions;
  readonly multiprocess: boolean;
  readonly environ: EnvironOptions;
}

/** @throws {GatewayError} `OPTION` when a duration, a limit, a mount point or a repair is none, `LOG_FILE` when the log file cannot be written */
export function contextOf(
  application: Application,
  options: ServerOptions,
  counters = new Counters(),
): ServerContext {
  const { log, writeErrors } = logsOf(options);
  const { repair: chosen = true } = options;
  checkRepairs(chosen);
  checkMount(options.scriptName ?? "");
  const repairs = new Set<string>();
  let isMismatchKnown = false;
  return {
    application,
    log,
    writeErrors,
    errors: new ErrorStream(writeErrors),
    counters,
    refused(reason) {
      counters.refused++;
      log("error", reason);
    },
    draining: false,
    maxParamsBytes: limitOf("maxParamsBytes", options.maxParamsBytes ?? 65_536),
    maxBodyBytes: limitOf("maxBodyBytes", options.maxBodyBytes ?? Number.POSITIVE_INFINITY, 0),
    maxConcurrent: limitOf("maxConcurrent", options.maxConcurrent ?? Number.POSITIVE_INFINITY),
    requestTimeoutMs: durationOf("requestTimeoutMs", options.requestTimeoutMs ?? 0),
    idleTimeoutMs: durationOf("idleTimeoutMs", options.idleTimeoutMs ?? 120_000),
    respondOptions: { debug: options.debug, onFailure: () => counters.errors++ },
    multiprocess: options.multiprocess ?? false,
    environ: {
      environ: options.environ,
      scriptName: options.scriptName,
      repair: chosen,
      onRepair(repair) {
        if (repairs.has(repair)) return;
        repairs.add(repair);
        log("debug", `SCRIPT_NAME and PATH_INFO are repaired (${repair}); option "repair" switches it off`);
      },
      onMismatch() {
        if (isMismatchKnown) return;
        isMismatchKnown = true;
        log(
          "debug",
          "the web server sent no PATH_INFO, and a path in REQUEST_URI that is not below SCRIPT_NAME, as behind a rewriting rule: " +
            'the application sees its mount point; option "scriptName" names another',
        );
      },
    },
  };
}
