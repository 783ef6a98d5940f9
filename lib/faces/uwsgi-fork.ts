import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";

/** A uwsgi server of several processes. Without `bindAddress` it takes a listening socket on descriptor 0. */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    super(application, options, { protocol: "uwsgi", workers: "prefork" });
  }
}
