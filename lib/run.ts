// How was this process started? Then serve accordingly. Loaded by `app.run()` when it is called, not before.

import { type Detected, detect } from "./detect.ts";
import { logToStderr } from "./gateway/log.ts";
import { formatAddress } from "./gateway/protocol-server.ts";
import type { Application } from "./gateway/types.ts";
import { type Ending, type ServeOptions, serve } from "./serve.ts";
import { assignment, boundAddresses } from "./workers/assignment.ts";

/**
 * Serves an application in the way in which this process was started; `options` that name a protocol or an address win.
 *
 * @see detect for the order of the tests
 * @throws {GatewayError} when the server cannot start
 */
export async function run(application: Application, options: ServeOptions = {}): Promise<Ending> {
  const log = options.log ?? logToStderr;
  const { reason, ignored = [], ...found } = assigned() ?? detect(options);
  log("debug", `serving ${found.protocol}: ${reason}`);
  if (ignored.length > 0) log("info", `${reason} and provides its socket, for HTTP: ${ignored.join(", ")} ignored`);
  const server = serve(application, { ...options, ...found });
  // A failed start is the caller's to catch, once: run() rejects with it too.
  if (found.protocol === "http" && assignment === undefined)
    server.listening.then(
      (addresses) => announce(addresses, log),
      () => {},
    );
  return server.run();
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

function announce(addresses: readonly Parameters<typeof formatAddress>[0][], log: typeof logToStderr): void {
  for (const address of addresses) {
    const name = formatAddress(address);
    log("info", "path" in address ? `listening on ${name}` : `listening on http://${name}/`);
  }
}
