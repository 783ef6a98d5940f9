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

  /** Resolves when the response is out; the process ends soon afterwards. */
  async run(): Promise<"stop"> {
    const { serveCgi } = await import("../servers/cgi.ts");
    await serveCgi(this.#application, this.#options);
    return "stop";
  }

  async close(): Promise<void> {}
}
