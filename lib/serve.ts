// Protocols × worker models: the only place where they meet. A new protocol costs one line here, and so does a new
// worker model. Each is loaded when it is used, so that a CGI script does not pay for FastCGI.

import { GatewayError } from "./errors.ts";
import { WSGIServer as CgiServer } from "./faces/cgi.ts";
import { Counters } from "./gateway/counters.ts";
import { durationOf } from "./gateway/duration.ts";
import { findLoader, type Loader } from "./gateway/loader.ts";
import { logsOf, reopenLogFiles } from "./gateway/log-file.ts";
import { type Address, formatAddress, type ProtocolServer } from "./gateway/protocol-server.ts";
import { type StackOptions, stacked } from "./gateway/stack.ts";
import type { Application } from "./gateway/types.ts";
import { checkServeOptions } from "./serve-options.ts";
import type { AjpOptions } from "./servers/ajp.ts";
import type { CgiOptions } from "./servers/cgi.ts";
import type { FcgiOptions } from "./servers/fcgi.ts";
import type { HttpOptions } from "./servers/http.ts";
import { assignment } from "./workers/assignment.ts";
import { explainFailedStart } from "./workers/failed-start.ts";
import type { WorkerOptions } from "./workers/options.ts";
import { PidFile } from "./workers/pid-file.ts";
import { showTitle } from "./workers/process-title.ts";
import { RestartFile } from "./workers/restart-file.ts";
import { type Ending, handleChildSignals, handleSignals } from "./workers/signals.ts";
import { logStrayErrors } from "./workers/stray-errors.ts";
import { identity, serverAddresses } from "./workers/threads/identity.ts";
import { LEFT_OPEN_MS } from "./workers/wind-down.ts";
import type { WorkerJob, WorkerModel, Workers } from "./workers/workers.ts";

type CreateServer = (application: Application, options: ServeOptions, counters: Counters) => ProtocolServer;

const protocols = {
  fcgi: async () => (await import("./servers/fcgi.ts")).createServer,
  scgi: async () => (await import("./servers/scgi.ts")).createServer,
  uwsgi: async () => (await import("./servers/uwsgi.ts")).createServer,
  ajp: async () => (await import("./servers/ajp.ts")).createServer,
  http: async () => (await import("./servers/http.ts")).createServer,
} as const satisfies Record<string, () => Promise<CreateServer>>;

const workerModels = {
  single: async () => (await import("./workers/single.ts")).start,
  threads: async () => (await import("./workers/threads.ts")).start,
  prefork: async () => (await import("./workers/prefork.ts")).start,
} as const satisfies Record<string, () => Promise<WorkerModel>>;

/** This process, or this thread, is one that a pool has started. */
const isWorker = assignment !== undefined || identity !== undefined;

/** The exit status of what TERM has ended: 128 and its number. */
const TERMINATED = 143;

/** Servers that were started in this process. */
let started = 0;

export type { Address } from "./gateway/protocol-server.ts";
export type { BindAddress } from "./workers/options.ts";
export type { Ending } from "./workers/signals.ts";

export interface ServeOptions
  extends WorkerOptions,
    AjpOptions,
    FcgiOptions,
    HttpOptions,
    CgiOptions,
    StackOptions {
  /** How the web server speaks. `cgi` answers the one request that this process was started for. */
  protocol?: keyof typeof protocols | "cgi";
  /**
   * Who calls the application: `single`, this process; `threads`, a pool of threads in this process, so that requests that
   * compute do not hold up the others; `prefork`, several processes that this one starts and looks after. Each thread and
   * each process runs the main script again, up to where it serves; what stands before that is done once in each, and
   * once in this one.
   *
   * @defaultValue `"single"`
   */
  workers?: keyof typeof workerModels;
}

/** A server of one application. It starts when `listening` is read or `run()` is called. */
export interface Server {
  /** Resolves once connections are accepted; rejects with a {@link GatewayError} when that failed. */
  readonly listening: Promise<readonly Address[]>;
  /**
   * Serves until a signal, a loader's web server or `close()` ends it, and handles signals and stray errors of this
   * process meanwhile. The process ends 10 seconds later at the latest, whatever the application has left open.
   */
  run(): Promise<Ending>;
  /** Stops accepting and resolves when what is in progress has finished. */
  close(): Promise<void>;
}

/**
 * Serves an application.
 *
 * @example
 * await serve(application, { protocol: "fcgi", bindAddress: "/run/app.sock" }).run();
 *
 * @throws {GatewayError} `UNKNOWN_OPTION` when no server has an option of that name, as one that is mistyped; `OPTION` when
 *   the value of one is of another kind than it takes; `APPLICATION` when the application is none
 */
export function serve(application: Application, options: ServeOptions): Server {
  checkServeOptions(options);
  return options.protocol === "cgi" ? new CgiServer(application, options) : new Serving(application, options);
}

/**
 * What remains to be said where a loader provides the socket: its web server decides how many processes there are, and
 * they may not share the socket with processes of their own.
 */
function withLoader(options: ServeOptions, loader: Loader | undefined): ServeOptions {
  if (loader === undefined || loader.kind === "other" || options.protocol !== "http") return options;
  const { workers = "single", scriptName = loader.mount } = options;
  if (workers !== "single") {
    logsOf(options).log(
      "info",
      `${loader.name} starts the processes itself: "workers" is "single", not "${workers}"`,
    );
  }
  return {
    multiprocess: loader.kind === "passenger",
    ...options,
    loader,
    workers: "single",
    ...(scriptName === undefined ? {} : { scriptName }),
  };
}

/** A server that listens, whatever its protocol and worker model. */
export class Serving implements Server {
  readonly #application: Application;
  readonly #options: ServeOptions;
  readonly #loader: Loader | undefined = findLoader();
  #starting: Promise<Workers> | undefined;
  #closing: Promise<void> | undefined;
  #pidFile: PidFile | undefined;
  #restartFile: RestartFile | undefined;
  /** Aborted when it is told to stop before it has started. */
  readonly #stopping = new AbortController();
  #ending: Ending = "stop";
  #end: () => void = () => {};
  readonly #ended: Promise<void>;

  /** @param own what is not the caller's to choose */
  constructor(
    application: Application,
    options: ServeOptions,
    own: Pick<ServeOptions, "protocol" | "workers" | "bindAddress"> = {},
  ) {
    checkServeOptions(options);
    this.#application = stacked(application, options);
    this.#options = { ...options, ...own };
    checkWord("protocol", protocolOf(this.#options), protocols);
    checkWord("workers", this.#options.workers ?? "single", workerModels);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get listening(): Promise<readonly Address[]> {
    return this.#start().then((workers) => workers.addresses);
  }

  /** @param announce tells where it listens, when all is ready that a person or a test could try then */
  async run(announce?: (addresses: readonly Address[]) => void): Promise<Ending> {
    const release = this.#ownsProcess ? this.#heedSignals() : () => {};
    try {
      const workers = await this.#startOwned();
      if (workers !== undefined) await this.#serve(workers, announce);
      else if (this.#ownsProcess) exitSoon();
      return this.#ending;
    } finally {
      release();
    }
  }

  async #serve(workers: Workers, announce?: (addresses: readonly Address[]) => void): Promise<void> {
    const { log } = logsOf(this.#options);
    const release = this.#ownsProcess ? this.#ownProcess(workers) : () => {};
    const unwatch = this.#restartFile?.watch(() => this.#finish("reload", workers));
    try {
      if (!isWorker) log("debug", `listening on ${workers.addresses.map(formatAddress).join(" and ")}`);
      announce?.(workers.addresses);
      await Promise.race([this.#ended, workers.told ?? this.#ended]);
      await this.close();
    } finally {
      unwatch?.();
      release();
    }
  }

  async close(): Promise<void> {
    if (this.#starting === undefined) return;
    this.#closing ??= this.#starting.then(async (workers) => {
      await workers.stop();
      this.#pidFile?.remove();
    });
    this.#end();
    await this.#closing;
  }

  get #ownsProcess(): boolean {
    return this.#options.signals !== false && identity === undefined;
  }

  /** Undefined when it was told to stop before it had started: why it could not start then is nobody's concern. */
  async #startOwned(): Promise<Workers | undefined> {
    try {
      return await this.#start();
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      if (error instanceof GatewayError && this.#ownsProcess) explainFailedStart(error);
      throw error;
    }
  }

  #start(): Promise<Workers> {
    this.#starting ??= this.#load();
    return this.#starting;
  }

  async #load(): Promise<Workers> {
    const server = ++started;
    const given = withLoader(this.#options, this.#loader);
    const { workers: model = "single", bindAddress, logFile, pidFile, restartFile } = given;
    const options = {
      copyErrors: bindAddress !== undefined || logFile !== undefined,
      multiprocess: model === "prefork",
      ...given,
    };
    const protocol = protocolOf(options);
    const [create, start] = await Promise.all([protocols[protocol](), modelOf(model)]);
    const counters = new Counters();
    const job: WorkerJob = {
      application: this.#application,
      protocol,
      server,
      // Whatever the worker model: a file that cannot be written fails the start before there is a request.
      ...logsOf(options),
      counters,
      stopping: this.#stopping.signal,
      requestTimeoutMs: durationOf("requestTimeoutMs", options.requestTimeoutMs ?? 0),
      createServer: (application) => create(application, options, counters),
    };
    const file = pidFile === undefined || isWorker ? undefined : new PidFile(pidFile);
    if (restartFile !== undefined && !isWorker) this.#restartFile = new RestartFile(restartFile);
    const workers = await start(job, options);
    if (file !== undefined) await this.#writePidFile(file, workers);
    serverAddresses.set(server, workers.addresses);
    return workers;
  }

  /** Behind the bind, so that a start that fails changes nothing; a server that cannot write it does not run. */
  async #writePidFile(file: PidFile, workers: Workers): Promise<void> {
    try {
      file.write();
      this.#pidFile = file;
    } catch (error) {
      await workers.stop();
      throw error;
    }
  }

  /**
   * From before the start on: nothing that it has bound or begun stays behind, and a process that is the first of its
   * container, for which the system ignores what nobody handles, stops as well.
   */
  #heedSignals(): () => void {
    const handle = assignment === undefined ? handleSignals : handleChildSignals;
    let workers: Workers | undefined;
    const starting = this.#start();
    starting.then(
      (all) => {
        workers = all;
      },
      () => {},
    );
    return handle({
      end: (ending) => {
        if (workers !== undefined) this.#finish(ending, workers);
        else if (ending === "reload") starting.then((all) => this.#finish(ending, all)).catch(() => {});
        else this.#giveUpStart();
      },
      endNow: () => (workers === undefined ? process.exit(TERMINATED) : workers.stopNow()),
      reopenLogs: () => {
        reopenLogFiles();
        // Workers that start meanwhile may have opened the old ones.
        starting.then((all) => all.reopenLogs?.()).catch(() => {});
      },
    });
  }

  #giveUpStart(): void {
    this.#stopping.abort();
    this.#end();
  }

  /** What only the owner of a process may do: its title, a loader's wish to stop, and errors that nobody caught. */
  #ownProcess(workers: Workers): () => void {
    showTitle(this.#options, workers.role);
    const releaseStray = logStrayErrors(logsOf(this.#options).log);
    const releaseLoader = this.#loader?.onExit(() => this.#finish("stop", workers));
    return () => {
      releaseLoader?.();
      releaseStray();
      exitSoon();
    };
  }

  /** A server that is told to stop while it makes way for a reload stops; one that stops is not reloaded any more. */
  #finish(ending: Ending, workers: Workers): void {
    if (ending === "reload" && this.#closing !== undefined) return;
    // Workers that can be replaced are; their server goes on.
    if (ending === "reload" && workers.reload !== undefined) {
      void workers.reload();
      return;
    }
    this.#ending = ending;
    this.#end();
  }
}

/** What the application has left open, such as a connection to a database, keeps the process for a while and not for ever. */
function exitSoon(): void {
  setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
}

/** In a worker, whatever the models of its script's servers are: all but one of them are its master's. */
async function modelOf(model: keyof typeof workerModels): Promise<WorkerModel> {
  if (assignment !== undefined) return (await import("./workers/prefork/child.ts")).start;
  const thread = identity;
  if (thread === undefined) return workerModels[model]();
  const { startInside } = await import("./workers/threads/inside.ts");
  return (job) => startInside(thread, job);
}

function protocolOf({ protocol = "fcgi" }: ServeOptions): keyof typeof protocols {
  return protocol === "cgi" ? "fcgi" : protocol;
}

/** @throws {GatewayError} `OPTION` when a table does not have the word of an option */
function checkWord(option: string, word: string, table: object): void {
  if (Object.hasOwn(table, word)) return;
  throw new GatewayError(
    "OPTION",
    `option "${option}" is ${JSON.stringify(word)}; there are ${Object.keys(table).join(", ")}`,
  );
}
