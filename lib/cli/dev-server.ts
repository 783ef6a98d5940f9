// `postern serve --dev`: this process holds the port and watches the project; the application runs in a process of its
// own, its worker, which is started again when a file changes. Connections wait meanwhile.

import { type ChildProcess, fork } from "node:child_process";
import { createServer as createNetServer, type Socket } from "node:net";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProtocolServer } from "../gateway/protocol-server.ts";
import { createServer } from "../servers/http.ts";
import { listen } from "../workers/listen.ts";
import type { WorkerOptions } from "../workers/options.ts";
import { siteUrl } from "./behind-lighttpd.ts";
import type { Io } from "./command.ts";
import { isSourceFile, isWatchedFolder, projectFolder } from "./dev-files.ts";
import type { FromWorker, ToWorker } from "./dev-messages.ts";
import { FolderWatch } from "./folder-watch.ts";
import { existingFolder, modulePath } from "./load-application.ts";
import { StopSignals } from "./stop-signals.ts";

/** Editors and compilers write several files in a row, in milliseconds. */
const SETTLE_MS = 60;

/** How long a worker that was told to stop may take before it is killed, in milliseconds. */
const KILL_MS = 1_500;

/** How long a module may load before that is mentioned, in milliseconds. */
const SLOW_MS = 5_000;

/**
 * Serves a module's application through the embedded HTTP server, and again after each change, until a signal asks to
 * stop.
 *
 * @param staticFolder what is sent without the application, at the folder's name
 * @throws {GatewayError} of code `NO_SUCH_MODULE`, `NO_SUCH_FOLDER`, `WATCH` or one of an address
 */
export async function serveForDevelopment(
  module: string,
  bindAddress: WorkerOptions["bindAddress"] & {},
  io: Io,
  staticFolder?: string,
): Promise<void> {
  const path = modulePath(module, io.cwd);
  const files = staticFolder && existingFolder(staticFolder, io.cwd);
  const project = projectFolder(path);
  const signals = new StopSignals();
  const worker = new DevWorker(path, module, io, files);
  let watch: FolderWatch | undefined;
  try {
    const listeners = await listen(() => worker.acceptor(), { bindAddress });
    const addresses = listeners.map((listener) => listener.address);
    watch = new FolderWatch(project, {
      enters: (folder) => isWatchedFolder(folder, path),
      changed: (file) => {
        if (isSourceFile(file, project)) worker.restartSoon(relative(project, file));
      },
    });
    signals.onSecond(() => worker.kill());
    worker.start(addresses.map((address) => ("path" in address ? "localhost" : address.host)));
    for (const address of addresses) {
      const where = "path" in address ? address.path : siteUrl(address);
      io.out(
        `Serving ${module} at ${where} for development: it starts again when a file changes. Ctrl-C stops it.`,
      );
    }
    await signals.received;
    await Promise.all(listeners.map((listener) => listener.drain()));
  } finally {
    watch?.close();
    await worker.end();
    signals.release();
  }
}

class DevWorker {
  readonly #path: string;
  readonly #module: string;
  readonly #io: Io;
  readonly #staticFolder: string;
  #hosts: readonly string[] = [];
  /** Answers in the place of a worker that has ended. */
  readonly #substitute: ProtocolServer;
  /** Connections of the substitute: kept ones would ask it again when there is a worker. */
  readonly #strays = new Set<Socket>();
  /** Connections that nobody can answer yet. */
  #waiting: Socket[] = [];
  #state: "loading" | "ready" | "ended" = "loading";
  #child: ChildProcess | undefined;
  #why = "";
  #changed: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #restarting: Promise<void> | undefined;

  /** @param module as it was named */
  constructor(path: string, module: string, io: Io, staticFolder = "") {
    this.#path = path;
    this.#module = module;
    this.#io = io;
    this.#staticFolder = staticFolder;
    this.#substitute = createServer((_environ, startResponse) => {
      startResponse("500 Internal Server Error", [["Content-Type", "text/plain; charset=utf-8"]]);
      return [`${this.#why}\n`];
    });
  }

  /** Takes the connections and hands them on. */
  acceptor(): ProtocolServer {
    const server = createNetServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      this.#waiting.push(socket);
      this.#handOn();
    });
    return {
      server,
      // Not waited for: close() counts the connections that were handed on, which the worker ends.
      async drain() {
        server.close();
      },
      abort: () => {},
    };
  }

  /** @param hosts that are listened on */
  start(hosts: readonly string[]): void {
    this.#hosts = hosts;
    for (const socket of this.#strays) socket.destroy();
    const started = performance.now();
    const changed = this.#changed;
    this.#changed = undefined;
    const script = fileURLToPath(new URL("dev-worker.js", import.meta.url));
    const child = fork(script, [this.#path, this.#staticFolder, ...hosts], {
      cwd: this.#io.cwd,
      execArgv: [...process.execArgv, "--enable-source-maps"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    this.#state = "loading";
    const slow = setTimeout(() => {
      const seconds = SLOW_MS / 1000;
      this.#io.err(`${this.#module} still loads after ${seconds} seconds; requests wait for it.`);
    }, SLOW_MS);
    child.on("message", (message: FromWorker) => {
      if (message.type !== "ready" || this.#child !== child) return;
      clearTimeout(slow);
      this.#state = "ready";
      if (changed !== undefined) {
        this.#io.out(`${changed} changed: started again in ${Math.round(performance.now() - started)} ms.`);
      }
      this.#handOn();
    });
    child.on("error", () => {});
    child.once("exit", (status, signal) => {
      clearTimeout(slow);
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#state = "ended";
      const how = signal === null ? `with status ${status}` : `by ${signal}`;
      this.#why = `${this.#module} ended ${how}: what it said is in the terminal. It starts again when a file changes.`;
      this.#io.err(this.#why);
      this.#handOn();
    });
  }

  /** Starts the worker again when no further change has come for a moment. */
  restartSoon(file: string): void {
    this.#changed = file;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#restart(), SETTLE_MS);
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#restarting;
    clearTimeout(this.#timer);
    await this.#stop();
    for (const socket of [...this.#waiting, ...this.#strays]) socket.destroy();
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  #restart(): void {
    if (this.#restarting !== undefined) return;
    this.#restarting = this.#stop().then(() => {
      this.#restarting = undefined;
      this.start(this.#hosts);
    });
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const loading = this.#state === "loading";
    this.#state = "loading";
    this.#child = undefined;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (loading) child.kill("SIGKILL");
    else this.#send(child, { type: "stop" });
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_MS);
    await gone;
    clearTimeout(timer);
  }

  #handOn(): void {
    const child = this.#child;
    if (this.#state === "loading") return;
    for (const socket of this.#waiting.splice(0)) {
      if (child !== undefined) this.#send(child, { type: "connection" }, socket);
      else {
        this.#strays.add(socket);
        socket.on("close", () => this.#strays.delete(socket));
        this.#substitute.server.emit("connection", socket);
        socket.resume();
      }
    }
  }

  /** A worker that has just died takes nothing any more; its end is told by its exit. */
  #send(child: ChildProcess, message: ToWorker, socket?: Socket): void {
    child.send(message, socket, {}, (error) => {
      if (error !== null) socket?.destroy();
    });
  }
}
