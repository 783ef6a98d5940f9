import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";

/**
 * An AJP 1.3 server of one process, for Apache's mod_proxy_ajp and mod_jk. Where `bindAddress` is neither the loopback nor a
 * unix socket it needs a `secret`.
 */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    super(application, options, { protocol: "ajp" });
  }
}
