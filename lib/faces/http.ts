import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";
import { checkServeOptions } from "../serve-options.ts";
import { startedWithSockets } from "../workers/systemd-sockets.ts";

const DEFAULT_PORT = 8080;

/** The embedded HTTP server, on the sockets that the process was started with, else by default on `http://127.0.0.1:8080`. */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    checkServeOptions(options);
    const bindAddress = options.bindAddress ?? (startedWithSockets() ? undefined : DEFAULT_PORT);
    super(application, options, { ...(bindAddress !== undefined && { bindAddress }), protocol: "http" });
  }
}
