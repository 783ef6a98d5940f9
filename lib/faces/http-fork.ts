import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";

/** The embedded HTTP server in several processes, by default on `http://127.0.0.1:8080`. */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    const bindAddress = options.bindAddress ?? 8080;
    super(application, { ...options, bindAddress, protocol: "http", workers: "prefork" });
  }
}
