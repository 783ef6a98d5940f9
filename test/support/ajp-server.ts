// An AJP server on a socket of its own, for tests that speak the protocol to it.

import { onTestFinished } from "vitest";
import type { Application } from "../../lib/gateway/types.ts";
import type { ServeOptions } from "../../lib/serve.ts";
import { AjpClient } from "./ajp-client.ts";
import { type RunningServer, startServer } from "./running-server.ts";

/** Serves an application, under the validator, until the test that called this has finished. */
export async function serving(
  application: Application,
  options: Partial<ServeOptions> = {},
): Promise<RunningServer<AjpClient>> {
  const running = await startServer(application, { protocol: "ajp", ...options }, AjpClient.connect);
  onTestFinished(() => running.stop());
  return running;
}
