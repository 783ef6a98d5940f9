// A backend that is no script of Node: a program that listens on a socket, and ends when it is told to.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 10_000;

/** Has the methods of {@link import("./child.js").Child}, except for questions. */
export class Program {
  #name;
  #process;
  #path;
  #failure;
  /** The end of what it has written to its standard error. */
  #said = "";

  /**
   * @param {string[]} command
   * @param {string} path of the socket that it will listen on
   */
  constructor([name, ...args], path) {
    this.#name = name;
    this.#path = path;
    // A group of its own, so that what it has started ends with it.
    this.#process = spawn(name, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    this.#process.stderr.setEncoding("utf8").on("data", (text) => {
      this.#said = (this.#said + text).slice(-1_000);
    });
    this.#process.on("error", (error) => {
      this.#failure = error;
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** Settles when it accepts connections. */
  async answer() {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.#accepts())) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#process.exitCode !== null || Date.now() > deadline)
        throw new Error(`${this.#name} does not listen on ${this.#path}: ${this.#said}`);
      await sleep(20);
    }
  }

  async stop() {
    const child = this.#process;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(-child.pid, "SIGTERM");
    const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), 2_000);
    await ended;
    clearTimeout(timer);
  }

  async #accepts() {
    const socket = connect(this.#path);
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
