import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";
import { isListening } from "../workers/inherited-socket.ts";
import { isSocketActivated } from "../workers/systemd-sockets.ts";

const DEFAULT_PORT = 8080;

/** The embedded HTTP server, on the sockets that the process was started with, else by default on `http://127.0.0.1:8080`. */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    const inherits = isListening(0) || isSocketActivated();
    const bindAddress = options.bindAddress ?? (inherits ? undefined : DEFAULT_PORT);
    super(application, { ...options, ...(bindAddress !== undefined && { bindAddress }), protocol: "http" });
  }
}
