// How was this process started? Then serve accordingly. Loaded by `app.run()` when it is called, not before.

import { detect } from "./detect.ts";
import { logToStderr } from "./gateway/log.ts";
import type { Application } from "./gateway/types.ts";
import { type Ending, type ServeOptions, serve } from "./serve.ts";
import { formatAddress } from "./workers/bind-address.ts";

/**
 * Serves an application in the way in which this process was started; `options` that name a protocol or an address win.
 *
 * @see detect for the order of the tests
 * @throws {GatewayError} when the server cannot start
 */
export async function run(application: Application, options: ServeOptions = {}): Promise<Ending> {
  const log = options.log ?? logToStderr;
  const { reason, ...found } = detect(options);
  log("debug", `serving ${found.protocol}: ${reason}`);
  const server = serve(application, { ...options, ...found });
  const running = server.run();
  if (found.protocol === "http") announce(await server.listening, log);
  return running;
}

function announce(addresses: readonly Parameters<typeof formatAddress>[0][], log: typeof logToStderr): void {
  for (const address of addresses) {
    const name = formatAddress(address);
    log("info", "path" in address ? `listening on ${name}` : `listening on http://${name}/`);
  }
}
