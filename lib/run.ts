// How was this process started? Then serve accordingly. Loaded by `app.run()` when it is called, not before.

import type { Detected } from "./detect.ts";
import { detectCgi } from "./detect-cgi.ts";
import { GatewayError } from "./errors.ts";
import { findLoader } from "./gateway/loader.ts";
import { type Log, logToStderr } from "./gateway/log.ts";
import { formatAddress } from "./gateway/protocol-server.ts";
import type { Application } from "./gateway/types.ts";
import type { Address, Ending, ServeOptions } from "./serve.ts";
import { assignment, boundAddresses } from "./workers/assignment.ts";
import { identity } from "./workers/threads/identity.ts";

/**
 * Serves an application in the way in which this process was started; `options` that name a protocol or an address win.
 * Where they say nothing of it, the variable POSTERN_LOG_FILE is the `logFile`, POSTERN_PID_FILE the `pidFile` and
 * POSTERN_NAME the `name`.
 *
 * @see detect for the order of the tests
 * @throws {GatewayError} when the server cannot start; `UNKNOWN_PROTOCOL` also where the command line begins with the word
 *   of a protocol that is mistyped
 */
export async function run(application: Application, options: ServeOptions = {}): Promise<Ending> {
  // What is no object would be nothing, once it is merged.
  if (typeof options !== "object" || options === null)
    (await import("./serve-options.ts")).checkServeOptions(options);
  try {
    return await runDetected(application, { ...namesOf(process.env), ...options });
  } catch (error) {
    const owned = options.signals !== false && identity === undefined;
    if (error instanceof GatewayError && owned) {
      const { explainFailedStart } = await import("./workers/failed-start.ts");
      explainFailedStart(error);
    }
    throw error;
  }
}

/** What an operator may name without a change to the application. */
export function namesOf(environment: NodeJS.ProcessEnv): ServeOptions {
  const { POSTERN_LOG_FILE: logFile, POSTERN_PID_FILE: pidFile, POSTERN_NAME: name } = environment;
  return { ...(logFile && { logFile }), ...(pidFile && { pidFile }), ...(name && { name }) };
}

async function runDetected(application: Application, options: ServeOptions): Promise<Ending> {
  const { reason, ignored = [], unread, ...found } = assigned() ?? (await detected(options));
  const how = `serving ${found.protocol}: ${reason}`;
  if (found.protocol === "cgi") {
    (options.log ?? logToStderr)("debug", how);
    // A script pays for each module at every hit, and needs none of those for servers that listen.
    const { WSGIServer } = await import("./faces/cgi.ts");
    return new WSGIServer(application, options).run();
  }
  if (unread !== undefined) (await import("./protocol-word.ts")).refuseMistyped(unread);
  const [{ Serving }, { logsOf }] = await Promise.all([
    import("./serve.ts"),
    import("./gateway/log-file.ts"),
  ]);
  const { log } = logsOf(options);
  // A worker has nothing to say that its master has not said.
  const silent = assignment !== undefined || identity !== undefined;
  if (!silent) log("debug", how);
  if (ignored.length > 0 && !silent)
    log("info", `${reason} and provides its socket, for HTTP: ${ignored.join(", ")} ignored`);
  const server = new Serving(application, { ...options, ...found });
  const isSaid = found.protocol === "http" && !silent;
  return server.run(isSaid ? (addresses) => announce(addresses, log) : undefined);
}

async function detected(options: ServeOptions): Promise<Detected> {
  const cgi = detectCgi(options, { environment: process.env, loader: findLoader() });
  if (cgi !== undefined) return cgi;
  try {
    return (await import("./detect.ts")).detect(options);
  } catch (error) {
    throw (await import("./protocol-word.ts")).withMeantProtocol(error, process.env);
  }
}

/** A child of a pool has nothing to find out, and descriptors of its own. */
function assigned(): Detected | undefined {
  if (assignment === undefined) return undefined;
  const bindAddress = boundAddresses(assignment);
  return {
    protocol: assignment.protocol as Detected["protocol"],
    reason: `the pool of process ${assignment.parent} says so`,
    ...(bindAddress.length > 0 && { bindAddress }),
  };
}

function announce(addresses: readonly Address[], log: Log): void {
  for (const address of addresses) {
    const name = formatAddress(address);
    log("info", "path" in address ? `listening on ${name}` : `listening on http://${name}/`);
  }
}
