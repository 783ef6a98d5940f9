import { type StackOptions, stacked } from "../gateway/stack.ts";
import type { Application } from "../gateway/types.ts";
import type { Server } from "../serve.ts";
import type { CgiOptions } from "../servers/cgi.ts";

/** Answers the one CGI request that this process was started for; there is nothing to listen on. */
export class WSGIServer implements Server {
  readonly listening: Promise<readonly []> = Promise.resolve([]);
  readonly #application: Application;
  readonly #options: CgiOptions;

  constructor(application: Application, options: CgiOptions & StackOptions = {}) {
    this.#application = stacked(application, options);
    this.#options = options;
  }

  /**
   * Resolves when the response is out; the process ends soon afterwards.
   *
   * @throws {GatewayError} `UNKNOWN_OPTION` when no server has an option of that name; `OPTION` when the value of one is of
   *   another kind than it takes
   */
  async run(): Promise<"stop"> {
    // What knows them all is nothing for a script that has none.
    if (!(this.#options instanceof Object) || Object.keys(this.#options).length > 0)
      (await import("../serve-options.ts")).checkServeOptions(this.#options);
    const { serveCgi } = await import("../servers/cgi.ts");
    await serveCgi(this.#application, this.#options);
    return "stop";
  }

  async close(): Promise<void> {}
}
