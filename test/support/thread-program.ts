// A program with a pool of threads, for tests that look at it from outside.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { ServeOptions } from "../../lib/serve.ts";
import type { CaseRequest, CaseResponse } from "../../lib/testing/conformance.ts";
import { Child } from "./child.ts";
import { compiled } from "./dist.ts";
import { temporaryFolder } from "./folder.ts";
import { exchangeOverHttp } from "./raw-http.ts";
import { until } from "./until.ts";

export interface ThreadProgramOptions {
  /** Statements in front of the server, in the main thread and in each thread. */
  readonly before?: string;
  /** Options of `serve()`. HTTP, two threads where they say nothing. */
  readonly serve?: Partial<ServeOptions>;
  readonly nodeOptions?: readonly string[];
}

export class ThreadProgram {
  readonly child: Child;
  readonly script: string;
  readonly folder: string;
  /** Where it listens. */
  port = 0;
  readonly #remove: () => void;

  /**
   * Starts a program whose application answers each path with a handler, under the validator but for `/breach/…`.
   *
   * @param handlers members of an object: `"/path": (environ, startResponse) => …`. They may use what {@link source} defines.
   */
  constructor(handlers: string, options: ThreadProgramOptions = {}) {
    const { path, remove } = temporaryFolder();
    this.folder = path;
    this.#remove = remove;
    this.script = join(path, "program.mjs");
    this.write(handlers, options);
    this.child = new Child(process.execPath, [...(options.nodeOptions ?? []), this.script]);
  }

  /** The same, once it listens. */
  static async start(handlers: string, options: ThreadProgramOptions = {}): Promise<ThreadProgram> {
    const program = new ThreadProgram(handlers, options);
    try {
      const [, port] = await program.child.printed(/^port: (\d+)$/m);
      program.port = Number(port);
      return program;
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  /** Writes the program anew, which it sees when it reloads. */
  write(handlers: string, options: ThreadProgramOptions = {}): void {
    writeFileSync(this.script, source(handlers, options));
  }

  ask(target: string, request: Partial<CaseRequest> = {}): Promise<CaseResponse> {
    return exchangeOverHttp({ host: "127.0.0.1", port: this.port }, `localhost:${this.port}`, {
      method: "GET",
      headers: [],
      target,
      ...request,
    });
  }

  /** The body of an answer, which must be 200 and complete. */
  async text(target: string, request: Partial<CaseRequest> = {}): Promise<string> {
    const { status, complete, body } = await this.ask(target, request);
    if (status !== 200 || !complete) throw new Error(`${target}: ${status}, complete: ${complete}: ${body}`);
    return body.toString();
  }

  /** Waits until as many threads answer. */
  async answeredBy(threads: number): Promise<void> {
    await until(`${threads} threads answer`, async () => {
      const answers = await Promise.all(Array.from({ length: threads }, () => this.ask("/nap")));
      return (
        new Set(answers.filter(({ status }) => status === 200).map(({ body }) => `${body}`)).size === threads
      );
    });
  }

  /** A request that is still being sent, for clients that stall or vanish. */
  begin(target: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): ClientRequest {
    const request = httpRequest({
      host: "127.0.0.1",
      port: this.port,
      path: target,
      method,
      headers,
      agent: false,
    });
    request.on("error", () => {});
    return request;
  }

  /** The head of a response whose body nobody has read yet. */
  async open(target: string): Promise<IncomingMessage> {
    const [response] = (await once(this.begin(target).end(), "response")) as [IncomingMessage];
    return response;
  }

  async stop(): Promise<number> {
    const status = await this.child.stop();
    this.#remove();
    return status;
  }
}

function source(handlers: string, { before = "", serve = {} }: ThreadProgramOptions): string {
  const options = { protocol: "http", workers: "threads", maxThreads: 2, bindAddress: 0, ...serve };
  return `
import { existsSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, threadId } from "node:worker_threads";
import { serve } from ${JSON.stringify(compiled("serve.ts"))};
import { poolStatus } from ${JSON.stringify(compiled("gateway/pool-status.ts"))};
import { validate } from ${JSON.stringify(compiled("middleware/validate.ts"))};

// Not console.log(), which goes through the main thread, when the thread finds the time.
const say = (text) => writeSync(1, text + "\\n");
const plain = [["Content-Type", "text/plain"]];
const text = (startResponse, body) => {
  startResponse("200 OK", plain);
  return [String(body)];
};
const exists = async (path) => {
  while (!existsSync(path)) await sleep(10);
};
const compute = (milliseconds) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};
${before}
const handlers = {
  "/": (_environ, startResponse) => text(startResponse, "thread " + threadId),
  "/nap": async (_environ, startResponse) => {
    await sleep(50);
    return text(startResponse, "thread " + threadId);
  },
  ${handlers}
};
const application = (environ, startResponse) => handlers[environ.PATH_INFO](environ, startResponse);
const validated = validate(application);
const server = serve(
  (environ, startResponse) =>
    environ.PATH_INFO.startsWith("/breach/") ? application(environ, startResponse) : validated(environ, startResponse),
  ${JSON.stringify(options)},
);
server.listening.then(([address]) => {
  if (isMainThread) say("port: " + address.port);
}, () => {});
say("ended: " + threadId + " " + (await server.run()));
`;
}
