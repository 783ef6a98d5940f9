import type { Application } from "../gateway/types.ts";
import { type ServeOptions, Serving } from "../serve.ts";

/** A uwsgi server of one process. Without `bindAddress` it takes the listening socket that it was started with. */
export class WSGIServer extends Serving {
  constructor(application: Application, options: Omit<ServeOptions, "protocol" | "workers"> = {}) {
    super(application, options, { protocol: "uwsgi" });
  }
}
