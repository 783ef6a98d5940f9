import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";

/**
 * A FastCGI server of one process. Without `bindAddress` it takes the listening socket that a web server or spawn-fcgi
 * left on descriptor 0.
 */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    super(application, options, { protocol: "fcgi" });
  }
}
